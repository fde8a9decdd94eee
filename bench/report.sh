# Turns what was measured into Markdown. Sourced by run.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # run.sh sets the variables

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b + 0 == 0) print "-"; else printf "%.3f", a / b }'; }
# Megabytes, of a million bytes as in the goals.
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.2f", bytes / 1e6 }'; }
mebibytes() { awk -v kib="$1" 'BEGIN { printf "%.0f", kib / 1024 }'; }
verdict() { awk -v value="$1" -v goal="$2" 'BEGIN { print (value != "-" && value + 0 <= goal + 0) ? "met" : "missed" }'; }

# row TOOL STEP NAME
row() {
    local seconds
    seconds=$(median "$1" "$2" 3)
    echo "| $3 | $seconds | $(mebibytes "$(highest "$1" "$2" 4)") | $(megabytes "$(median "$1" "$2" 5)") |"
}

# goal WHAT VALUE GOAL
goal() { echo "| $1 | $2 | ≤ $3 | $(verdict "$2" "$3") |"; }

report_tables() {
    local pages
    echo "| command | time, s | peak memory, MiB | stored, MB |"
    echo "|---|---|---|---|"
    row ours full "**bt2c-dr** backup --type full"
    row restic full "restic backup (first)"
    row borg full "borg create (first), repokey-blake2, lz4"
    row zstd full "zstd -1 -T2"
    row sqlite-backup full "sqlite3 .backup"
    row ours incremental "**bt2c-dr** backup --type incremental, 12 blocks later"
    row restic incremental "restic backup, 12 blocks later"
    row borg incremental "borg create, 12 blocks later"
    row ours restore "**bt2c-dr** restore --backup latest, with proof"
    row restic restore "restic restore latest"
    row restic restore-synced "the same, and \`sync\` of it"
    row borg restore "borg extract"
    row ours verify "**bt2c-dr** verify-integrity --skip-pages: five checks, all cryptography"
    row ours verify-all "**bt2c-dr** verify-integrity, the page structure too"
    row sql verify "plain SQL for the five checks"
    row quick_check pages "sqlite3 PRAGMA quick_check"
    echo
    pages=$(awk -v all="$(median ours verify-all 3)" -v rest="$(median ours verify 3)" 'BEGIN { printf "%.2f", all - rest }')
    echo "| goal | measured | at most | |"
    echo "|---|---|---|---|"
    goal "full: time, of restic's" "$(ratio "$(median ours full 3)" "$(median restic full 3)")" 0.3
    goal "full: time, of borg's" "$(ratio "$(median ours full 3)" "$(median borg full 3)")" 0.5
    goal "full: time, of zstd's" "$(ratio "$(median ours full 3)" "$(median zstd full 3)")" 1.2
    goal "full: stored, of restic's" "$(ratio "$(median ours full 5)" "$(median restic full 5)")" 1.03
    goal "incremental: time, of restic's" "$(ratio "$(median ours incremental 3)" "$(median restic incremental 3)")" 0.18
    goal "incremental: stored, MB" "$(megabytes "$(median ours incremental 5)")" 0.35
    goal "restore: time, of restic's" "$(ratio "$(median ours restore 3)" "$(median restic restore 3)")" 0.5
    goal "verify-integrity without page structure: time, of plain SQL's" \
        "$(ratio "$(median ours verify 3)" "$(median sql verify 3)")" 0.8
    goal "page structure (the $pages s that it adds): time, of quick_check's" \
        "$(ratio "$pages" "$(median quick_check pages 3)")" 1.0
    memory_goals
}

memory_goals() {
    local step
    for step in full incremental restore verify-all; do
        goal "peak memory, $step, MiB" "$(mebibytes "$(highest ours "$step" 4)")" 256
    done
}

report_writer() {
    local mode run line blocks_added wait_ms errors
    echo "| journal mode | writer | blocks added | longest wait for a commit, ms | errors |"
    echo "|---|---|---|---|---|"
    for mode in wal delete; do
        for run in alone backup; do
            line=$(cat "$work/writer-$mode-$run.log")
            read -r blocks_added wait_ms errors <<<"$(sed -E 's/added ([0-9]+) blocks, longest wait ([0-9.]+) ms, ([0-9]+) errors/\1 \2 \3/' <<<"$line")"
            echo "| $mode | $([[ $run == alone ]] && echo alone || echo during a full backup) | $blocks_added | $wait_ms | $errors |"
        done
    done
}

report_machine() {
    echo "- Machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo) of memory, Linux $(uname -r), $(findmnt -no FSTYPE -T "$dir")."
}

report_peers() {
    echo "- Peers: $(restic version | cut -d' ' -f1-2), $(borg --version), $(zstd --version | grep -o 'v[0-9.]*' | sed 's/^/zstd /'), sqlite3 $(sqlite3 --version | cut -d' ' -f1)."
}

report_chain() {
    echo "- Chain: layout *fresh*, $blocks blocks of $transactions transactions, $(megabytes "$(stat -c %s "$chain")") MB; 12 more blocks for the incremental backup, of which the restore is made too."
}

report_all() {
    echo "## Against other tools"
    echo
    echo "\`./run bench\`, $(date -u +%F). Medians of $rounds rounds (of the memory, the highest), the tools one after the other in each round."
    echo
    report_machine
    report_peers
    report_chain
    echo "- Before each command what others had left unwritten was written out (\`sync\`); the chain was in the page cache; every repository was new. Both restic and borg had theirs initialised beforehand; bt2c-dr makes its own within the time shown."
    echo
    report_tables
    echo
    echo "## How long a node waits"
    echo
    echo "A writer that adds blocks without rest and syncs each commit, by itself for six seconds, then while a full backup is made. The wait is the longest time from BEGIN to the end of COMMIT."
    echo
    report_writer
}

report_tall() {
    echo "## A chain ten times as tall"
    echo
    echo "\`bench/run.sh --tall\`, $(date -u +%F): one round, for the memory."
    echo
    report_machine
    report_chain
    echo
    echo "| command | time, s | peak memory, MiB | stored, MB |"
    echo "|---|---|---|---|"
    row ours full "bt2c-dr backup --type full"
    row ours incremental "bt2c-dr backup --type incremental"
    row ours restore "bt2c-dr restore"
    row ours verify-all "bt2c-dr verify-integrity"
    echo
    echo "| goal | measured | at most | |"
    echo "|---|---|---|---|"
    memory_goals
}

report_agents() {
    echo "## Orders to agents"
    echo
    echo "\`bench/run.sh --agents\`, $(date -u +%F). Real agents and one real etcd, all on this machine: their processor time adds up on its cores. They obey without a database."
    echo
    report_machine
    echo "- $(etcd --version | head -1), its data on the same disk as the folder."
    echo
    TMPDIR=$work "$bin/bt2c-bench-agents"
    echo
    TMPDIR=$work "$bin/bt2c-bench-agents" --local
}

report_network() {
    echo "## A network of ten validators"
    echo
    echo "\`bench/run.sh --network\`, $(date -u +%F). Real nodes, agents and etcd, all on this machine."
    echo
    report_machine
    echo "- $(etcd --version | head -1), its data on the same disk as the folder."
    /usr/bin/python3 bench/network.py "$bin" "$work" "${BENCH_ORDERS:-25}"
}

report_locations() {
    mkdir "$work/locations"
    echo "## Backups into several locations"
    echo
    echo "\`bench/run.sh --locations\`, $(date -u +%F). A folder, S3 (a real OpenStack Swift with s3api) and SFTP (a real sshd), all on this machine: their processor time adds up on its cores."
    echo
    report_machine
    echo "- Chain: layout *fresh*, $blocks blocks of $transactions transactions, $(megabytes "$(stat -c %s "$chain")") MB."
    echo "- Servers: Swift $(dpkg-query -W -f='${Version}' swift-proxy), one process for each of its servers; OpenSSH $(dpkg-query -W -f='${Version}' openssh-server). Peer: $(rclone version | sed -n 1p). The servers' data lies on $(findmnt -no FSTYPE -T "${TMPDIR:-/tmp}")."
    /usr/bin/python3 bench/locations.py "$bin" "$chain" "$work/locations" "$rounds"
}

# Parts that were not measured here are those of the present document.
published_parts() {
    local part heading
    while read -r part heading; do
        if [[ -e $dir/$part.md ]]; then continue; fi
        awk -v heading="## $heading" '
            /^## / && !/^## How long a node waits$/ { inside = $0 == heading }
            inside { if (/^$/) { blank = blank "\n" } else { printf "%s%s\n", blank, $0; blank = "" } }' \
            docs/benchmarks.md >"$dir/$part.md"
        if [[ ! -s $dir/$part.md ]]; then rm "$dir/$part.md"; fi
    done <<'END'
result Against other tools
tall A chain ten times as tall
keys A key from its phrase
agents Orders to agents
locations Backups into several locations
network A network of ten validators
many Many backups
END
}

# The document: the parts that were measured, each by its latest run.
report_document() {
    local part
    echo "# Benchmarks"
    echo
    echo "Written by \`./run bench\`, \`bench/run.sh --tall\`, \`bench/run.sh --keys\`, \`bench/run.sh --agents\`, \`bench/run.sh --locations\`, \`bench/run.sh --many\` and \`bench/run.sh --network\`. Times are wall-clock seconds; peak memory is the maximum resident set of \`/usr/bin/time\`; MB are a million bytes."
    for part in result tall keys agents locations network many; do
        if [[ -e $dir/$part.md ]]; then
            echo
            cat "$dir/$part.md"
        fi
    done
}
