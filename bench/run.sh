#!/bin/bash
# Measures bt2c-dr against other tools on a generated chain, all in one run, and writes docs/benchmarks.md.
#
#   bench/run.sh          every tool, medians of BENCH_ROUNDS rounds
#   bench/run.sh --tall   our peak memory alone, on a chain ten times as tall
#   bench/run.sh --keys   a key from its phrase, against PyCryptodome
#   bench/run.sh --agents an order to a thousand agents through a real etcd, and to ten through a folder
#   bench/run.sh --locations backups into a folder, a real Swift and a real sshd, alone and together, against rclone and s3cmd
#   bench/run.sh --many   list-backups and prune of a repository of 10,000 backups
#   bench/run.sh --network a network of ten validators: orders through a real etcd, and how fast a node syncs
#
# BENCH_BLOCKS (150000), BENCH_ROUNDS (5), BENCH_DIR (build/bench), BENCH_BIN (build/release/bin).
# The table in docs/ is replaced only by a run with the usual number of blocks and rounds.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
# shellcheck source=bench/measure.sh
source bench/measure.sh
# shellcheck source=bench/report.sh
source bench/report.sh
# shellcheck source=bench/many.sh
source bench/many.sh

usual_blocks=150000 usual_rounds=5 transactions=11
tall=no keys=no agents=no network=no locations=no many=no
case ${1:-} in
    '') ;;
    --tall) tall=yes ;;
    --keys) keys=yes ;;
    --agents) agents=yes ;;
    --many) many=yes ;;
    --network) network=yes ;;
    --locations) locations=yes ;;
    *)
        sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
rounds=${BENCH_ROUNDS:-$usual_rounds}
blocks=${BENCH_BLOCKS:-$usual_blocks}
if [[ $tall == yes ]]; then
    usual_blocks=$((usual_blocks * 10))
    blocks=$((blocks * 10))
    rounds=1 usual_rounds=1
fi
dir=${BENCH_DIR:-build/bench}
bin=$(readlink -f "${BENCH_BIN:-build/release/bin}")
dr=$bin/bt2c-dr chain_tool=$bin/bt2c-sample-chain
mkdir -p "$dir"
dir=$(readlink -f "$dir")
work=$dir/work
rm -rf "$work"
mkdir -p "$work"
published_parts
if [[ $keys == yes ]]; then
    say "a key from its phrase"
    /usr/bin/python3 bench/keys.py "$dr" "${BENCH_PHRASES:-101}" >"$dir/keys.md"
    report_document >"$dir/benchmarks.md"
    cat "$dir/benchmarks.md"
    if [[ -e $dir/result.md && -z ${BENCH_PHRASES:-} ]]; then cp "$dir/benchmarks.md" docs/benchmarks.md; fi
    exit
fi
if [[ $agents == yes ]]; then
    say "orders to agents"
    cmake --build build/release --target bt2c-bench-agents
    report_agents >"$dir/agents.md"
    report_document >"$dir/benchmarks.md"
    cat "$dir/benchmarks.md"
    if [[ -e $dir/result.md ]]; then cp "$dir/benchmarks.md" docs/benchmarks.md; fi
    exit
fi
if [[ $many == yes ]]; then
    say "a repository of many backups"
    cmake --build build/release --target bt2c-dr bt2c-bench-many moved_clock
    report_many >"$dir/many.md"
    report_document >"$dir/benchmarks.md"
    cat "$dir/benchmarks.md"
    if [[ -e $dir/result.md && -z ${BENCH_BACKUPS:-} ]]; then cp "$dir/benchmarks.md" docs/benchmarks.md; fi
    exit
fi
if [[ $network == yes ]]; then
    say "a network of ten validators"
    cmake --build build/release --target bt2c-dr bt2c-node bt2c-bench-chain
    report_network >"$dir/network.md"
    report_document >"$dir/benchmarks.md"
    cat "$dir/benchmarks.md"
    if [[ -e $dir/result.md ]]; then cp "$dir/benchmarks.md" docs/benchmarks.md; fi
    exit
fi
writer=
cleanup() {
    if [[ -n $writer ]]; then kill "$writer" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap cleanup EXIT

# The chain, and the same chain an hour later; both are kept for the next run.
chain=$dir/chain-$blocks.db later=$dir/chain-$blocks-later.db
if [[ ! -e $later ]]; then
    say "making a chain of $blocks blocks with $transactions transactions each"
    rm -f "$chain" "$chain.part"
    "$chain_tool" create "$chain.part" --layout fresh --blocks "$blocks" --transactions-per-block "$transactions"
    cp "$chain.part" "$later.part"
    "$chain_tool" append "$later.part" --blocks 12 --transactions-per-block "$transactions"
    mv "$chain.part" "$chain"
    mv "$later.part" "$later"
fi

# A node's home, whose database is now the one chain and now the other: links, for nobody writes to it.
home=$work/home
show_chain() { ln -f "$1" "$home/data/blockchain.db"; }
mkdir -p "$home"/{data,config,keys,wallets}
echo '{"network": "mainnet", "stake": 100.0}' >"$home/config/validator.json"
head -c 1704 /dev/urandom | base64 >"$home/keys/validator.pem"

ours() {
    local repository=$home/backups/repository
    rm -rf "$home/backups" "$home/config/repository.key" "$work/target"
    show_chain "$chain"
    measure ours full "$repository" "$dr" --home "$home" --json --quiet backup --type full
    show_chain "$later"
    measure ours incremental "$repository" "$dr" --home "$home" --json --quiet backup --type incremental
    measure ours restore - "$dr" --home "$home" --json --quiet restore --backup latest --target "$work/target"
    cmp "$work/target/data/blockchain.db" "$later"
    measure ours verify - "$dr" --home "$home" --json --quiet verify-integrity --skip-pages
    measure ours verify-all - "$dr" --home "$home" --json --quiet verify-integrity
    rm -rf "$work/target" "$home/backups"
}

run_restic() {
    local repository=$work/restic
    export RESTIC_PASSWORD=benchmark RESTIC_REPOSITORY=$repository RESTIC_CACHE_DIR=$work/restic-cache
    rm -rf "$repository" "$RESTIC_CACHE_DIR" "$work/target"
    show_chain "$chain"
    restic --quiet init
    measure restic full "$repository" restic --quiet backup "$home"/{data,config,keys,wallets}
    show_chain "$later"
    measure restic incremental "$repository" restic --quiet backup "$home"/{data,config,keys,wallets}
    measure restic restore - restic --quiet restore latest --target "$work/target"
    cmp "$work/target$home/data/blockchain.db" "$later"
    # It leaves what it restored to be written by and by, where bt2c-dr waits for the disk.
    rm -rf "$work/target"
    # shellcheck disable=SC2016  # the inner shell has to expand it
    measure restic restore-synced - bash -c 'restic --quiet restore latest --target "$1" && sync -f "$1"' - "$work/target"
    rm -rf "$repository" "$RESTIC_CACHE_DIR" "$work/target"
}

run_borg() {
    local repository=$work/borg
    export BORG_PASSPHRASE=benchmark BORG_BASE_DIR=$work/borg-base BORG_REPO=$repository
    rm -rf "$repository" "$BORG_BASE_DIR" "$work/target"
    show_chain "$chain"
    borg init --encryption repokey-blake2 2>"$work/borg-init.err"
    measure borg full "$repository" borg create ::first "$home"/{data,config,keys,wallets}
    show_chain "$later"
    measure borg incremental "$repository" borg create ::second "$home"/{data,config,keys,wallets}
    mkdir "$work/target"
    measure borg restore - env -C "$work/target" borg extract ::second
    cmp "$work/target$home/data/blockchain.db" "$later"
    rm -rf "$repository" "$BORG_BASE_DIR" "$work/target"
}

plain_tools() {
    measure zstd full "$work/chain.zst" zstd -1 -T2 -q -f "$chain" -o "$work/chain.zst"
    measure sqlite-backup full "$work/copy.db" sqlite3 "$chain" ".backup '$work/copy.db'"
    rm -f "$work/chain.zst" "$work/copy.db"
    measure sql verify - sqlite3 -readonly "$later" '.read bench/checks.sql'
    measure quick_check pages - sqlite3 -readonly "$later" 'PRAGMA quick_check'
}

# How long a node waits for a commit while a full backup is made: a writer that never rests, first
# alone, then with the backup.
writer_wait() {
    local mode=$1
    rm -rf "$home/backups" "$home/config/repository.key"
    rm -f "$home/data/blockchain.db"
    cp "$chain" "$home/data/blockchain.db"
    "$chain_tool" append "$home/data/blockchain.db" --blocks 1 --mode "$mode" >"$work/append.log"
    sync
    start_writer alone "$mode"
    sleep 6
    stop_writer
    start_writer backup "$mode"
    sleep 2
    "$dr" --home "$home" --json --quiet backup --type full >"$work/backup.json" 2>"$work/backup.err"
    sleep 1
    stop_writer
    rm -f "$home"/data/blockchain.db*
    rm -rf "$home/backups"
}
start_writer() {
    "$chain_tool" append "$home/data/blockchain.db" --transactions-per-block "$transactions" \
        --until-stopped >"$work/writer-$2-$1.log" &
    writer=$!
}
stop_writer() {
    kill -TERM "$writer"
    wait "$writer" || true # the errors that it counted are in the report
    writer=
}

if [[ $locations == yes ]]; then
    say "locations"
    cmake --build build/release --target bt2c-dr remote_servers
    warm "$chain"
    report_locations >"$work/locations.md"
    cat "$work/locations.md"
    if [[ $blocks == "$usual_blocks" && $rounds == "$usual_rounds" ]]; then
        mv "$work/locations.md" "$dir"
        report_document >"$dir/benchmarks.md"
        cp "$dir/benchmarks.md" docs/benchmarks.md
        say "written to docs/benchmarks.md"
    fi
    exit
fi
warm "$chain" "$later"
if [[ $tall == yes ]]; then
    say "our peak memory"
    ours
    report_tall >"$dir/tall.md"
else
    for round in $(seq "$rounds"); do
        say "round $round of $rounds"
        ours
        run_restic
        run_borg
        plain_tools
    done
    for mode in wal delete; do
        say "a writer's wait, journal mode $mode"
        writer_wait "$mode"
    done
    report_all >"$dir/result.md"
fi
report_document >"$dir/benchmarks.md"
cat "$dir/benchmarks.md"
if [[ $blocks == "$usual_blocks" && $rounds == "$usual_rounds" ]]; then
    cp "$dir/benchmarks.md" docs/benchmarks.md
    say "written to docs/benchmarks.md"
fi
