# list-backups and prune of a repository of 10,000 backups. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # run.sh sets the variables

# measured NAME COMMAND...: prints "seconds MiB"; the command's output goes to NAME.json.
measured() {
    local name=$1
    shift
    /usr/bin/time -f '%e %M' -o "$work/$name.time" "$@" >"$work/$name.json"
    awk '{ printf "%s %.0f\n", $1, $2 / 1024 }' "$work/$name.time"
}

row_of_many() {
    local what=$1 seconds=$2 mib=$3 goal=$4
    echo "| $what | $seconds | $mib | $goal |"
}

report_many() {
    local count=${BENCH_BACKUPS:-10000} many=$work/many seconds mib clock=build/release/lib/moved_clock.so
    "$bin/bt2c-bench-many" "$many" "$count"
    echo "## Many backups"
    echo
    echo "\`bench/run.sh --many\`, $(date -u +%F). $count backups of $((count / 24)) days: a full one each day, which names 50 packs, and incremental ones each hour; packs of 100 bytes."
    echo
    report_machine
    echo "- Objects in the repository: $(find "$many/backups/repository" -type f | wc -l). Load of the machine: $(cut -d' ' -f1-3 /proc/loadavg)."
    echo
    echo "| | s | peak MiB | goal |"
    echo "|---|---|---|---|"
    local day=$((25 * 3600)) fast=()
    "$dr" --home "$many" --json --quiet list-backups >"$work/warm.json"
    for _ in 1 2 3; do fast+=("$(measured list "$dr" --home "$many" --json --quiet list-backups)"); done
    read -r seconds mib < <(printf '%s\n' "${fast[@]}" | sort -n | sed -n 2p)
    row_of_many "list-backups, median of 3" "$seconds" "$mib" "< 2 s: $(awk -v s="$seconds" 'BEGIN { print (s < 2 ? "met" : "missed") }')"
    read -r seconds mib < <(measured dry "$dr" --home "$many" --json --quiet prune --dry-run)
    row_of_many "prune --dry-run" "$seconds" "$mib" "≤ 256 MiB: $([[ $mib -le 256 ]] && echo met || echo missed)"
    local i
    for i in 0 1 2; do
        read -r seconds mib < <(measured "prune-$i" env LD_PRELOAD="$PWD/$clock" BT2C_TEST_CLOCK_SECONDS=$((i * day)) \
            "$dr" --home "$many" --json --quiet prune --allow-most)
        local did=retires
        [[ $i == 1 ]] && did="marks again"
        [[ $i == 2 ]] && did="removes"
        row_of_many "prune, day $((i + 1)): $did" "$seconds" "$mib" "≤ 256 MiB: $([[ $mib -le 256 ]] && echo met || echo missed)"
    done
    echo
    echo "Day 1 retires $(jq -r .leaving "$work/prune-0.json"), day 3 removes $(jq -r '.locations[0].removed_objects' "$work/prune-2.json") objects."
}
