# Times commands and keeps what they took. Sourced by run.sh, which sets $work.
# shellcheck shell=bash
# shellcheck disable=SC2154  # run.sh sets work

say() { printf '\n== %s\n' "$*" >&2; }

# Reads files once, so that every tool finds them in the page cache.
warm() { cat "$@" >/dev/null; }

# Bytes of what was stored at a path; of a folder, the sum of its files.
bytes_of() {
    if [[ -e $1 ]]; then
        find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
    else
        echo 0
    fi
}

# record TOOL STEP SECONDS PEAK_KIB BYTES_ADDED
record() { echo "$*" >>"$work/results"; }

# measure TOOL STEP STORE COMMAND...: runs it once and records seconds, peak memory and how much STORE
# (a path, or - for none) grew. What earlier commands left unwritten is written first.
measure() {
    local tool=$1 step=$2 store=$3 before=0 after=0 seconds peak
    shift 3
    if [[ $store != - ]]; then before=$(bytes_of "$store"); fi
    sync
    if ! /usr/bin/time -f '%e %M' -o "$work/time" "$@" >"$work/$tool-$step.out" 2>"$work/$tool-$step.err"; then
        echo "bench: this failed: $*" >&2
        cat "$work/$tool-$step.out" "$work/$tool-$step.err" >&2
        exit 1
    fi
    read -r seconds peak <"$work/time"
    if [[ $store != - ]]; then after=$(bytes_of "$store"); fi
    record "$tool" "$step" "$seconds" "$peak" $((after - before))
    printf '%-14s %-12s %8s s %9s KiB %12s bytes\n' "$tool" "$step" "$seconds" "$peak" $((after - before)) >&2
}

# median TOOL STEP COLUMN: over all rounds; empty when there is none. Columns: 3 seconds, 4 KiB, 5 bytes.
median() {
    awk -v tool="$1" -v step="$2" -v column="$3" '$1 == tool && $2 == step { print $column }' "$work/results" |
        sort -n | awk '{ value[NR] = $1 } END { if (NR) print value[int((NR + 1) / 2)] }'
}

# highest TOOL STEP COLUMN
highest() {
    awk -v tool="$1" -v step="$2" -v column="$3" '$1 == tool && $2 == step { print $column }' "$work/results" |
        sort -n | tail -1
}
