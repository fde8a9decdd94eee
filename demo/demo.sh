#!/usr/bin/env bash
# The main job on a sample chain: back up while a node writes, damage the database, find the damage,
# restore, and see that all is as it was. Called by ./run demo; leaves nothing behind.
#   demo/demo.sh FOLDER_OF_PROGRAMS
set -euo pipefail

programs=$(cd "$1" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/bt2c-demo-XXXXXX")
writer=
finish() {
    [ -z "$writer" ] || kill "$writer" 2>/dev/null || true
    rm -rf "$scratch"
}
trap finish EXIT

export BT2C_HOME=$scratch/home
database=$BT2C_HOME/data/blockchain.db
export PATH=$programs:$PATH

bold='' plain=''
if [ -t 1 ]; then
    bold=$(printf '\033[1m')
    plain=$(printf '\033[0m')
fi
say() { printf '\n%s%s%s\n' "$bold" "── $*" "$plain"; }
show() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; "$@"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }
# expect STATUS COMMAND…: the command must end with that status.
expect() {
    local wanted=$1 status=0
    shift
    show "$@" || status=$?
    [ "$status" -eq "$wanted" ] || fail "'$*' ended with status $status, not $wanted"
}
chain_state() {
    sqlite3 "file:$database?immutable=1" \
        "SELECT 'tip', height, hash FROM blocks ORDER BY height DESC LIMIT 1" \
        "SELECT 'transactions', count(*), total(amount) FROM transactions" \
        "SELECT address, status, stake FROM validators ORDER BY address"
    (cd "$BT2C_HOME" && find config keys wallets -type f ! -name repository.key -exec sha256sum {} + | sort -k2)
}
stop_writer() {
    kill -TERM "$writer"
    wait "$writer" || fail "the writer met an error"
    writer=
}

say "A node's home: a sample chain of 2,000 blocks, a configuration, a key and a wallet"
mkdir -p "$BT2C_HOME"/{data,config,keys,wallets}
show bt2c-sample-chain create "$database" --blocks 2000 --transactions-per-block 11 --layout fresh --network mainnet
printf '{"network": "mainnet", "listen": "0.0.0.0:8335"}\n' >"$BT2C_HOME/config/validator.json"
printf 'a validator key of the demo\n' >"$BT2C_HOME/keys/validator.pem"
printf '{"address": "bt2c_demo", "encrypted": "…"}\n' >"$BT2C_HOME/wallets/bt2c_demo.json"
chmod 600 "$BT2C_HOME"/keys/* "$BT2C_HOME"/wallets/*

say "A writer adds a block every 200 ms from now on, as a node would"
bt2c-sample-chain append "$database" --until-stopped --interval-ms 200 >"$scratch/writer.log" &
writer=$!

say "A full backup, while it writes"
show bt2c-dr backup --type full

say "More blocks come, and a validator becomes inactive"
sleep 2
validator=$(sqlite3 -cmd '.timeout 5000' "$database" "SELECT address FROM validators WHERE status = 'ACTIVE' LIMIT 1")
sqlite3 -cmd '.timeout 5000' "$database" "UPDATE validators SET status = 'INACTIVE', is_active = 0 WHERE address = '$validator'"

say "The node stops; an incremental backup stores only what changed"
stop_writer
cat "$scratch/writer.log"
show bt2c-dr backup --type incremental
show bt2c-dr list-backups
chain_state >"$scratch/before"

say "Disaster: a page of the database is overwritten with noise, and a block is gone"
show bt2c-sample-chain damage "$database" --fault block-deleted --fault noise-in-table-leaf

say "verify-integrity names both"
expect 3 bt2c-dr verify-integrity

say "The latest backup is brought back"
show bt2c-dr restore --backup latest
show bt2c-dr verify-integrity

say "Heights, tip, validators, files: as they were when the backup was made"
chain_state >"$scratch/after"
cmp "$scratch/before" "$scratch/after" || fail "the restored state differs from the backup's"
head -n 2 "$scratch/after"
echo "…"
grep -c INACTIVE "$scratch/after" | sed 's/$/ validator(s) INACTIVE, as backed up/'
printf 'All the same.\n'

say "An emergency: the network is stopped, provably, and goes on with every validator as it was"
show bt2c-dr network pause --reason 'fork at 2010'
insert="INSERT INTO blocks (hash, height, network_type) VALUES ('some block', 2011, 'mainnet')"
printf '%s$ sqlite3 %s "%s"%s\n' "$bold" "$database" "$insert" "$plain"
if sqlite3 "$database" "$insert" 2>&1; then fail "a block was added during the pause"; fi
show bt2c-dr network resume
chain_state >"$scratch/resumed"
cmp "$scratch/before" "$scratch/resumed" || fail "a validator is not as it was before the pause"
printf 'All the same.\n'

say "A key is lost: the wallet file is gone, and a word of the phrase on the paper cannot be read"
export BT2C_WALLET_PASSWORD='a password of the demo'
phrase='offer salon river hole elegant crowd come together orange horror slogan real'
address=bt2c_ilglu3mcvs7s6eruv2p72ymepu
bt2c-dr --quiet recover-keys --seed-phrase - <<<"$phrase" >"$scratch/recovered"
wallet=$BT2C_HOME/wallets/$address.json
rm "$wallet"
printf '%s$ bt2c-dr recover-keys --expect-address %s%s\n' "$bold" "$address" "$plain"
printf 'Seed phrase: %s\n' "${phrase/river/?}"
bt2c-dr recover-keys --expect-address "$address" --seed-phrase - <<<"${phrase/river/?}"
show bt2c-dr keys check "$wallet"

say "From now on any two of three people can bring it back"
mkdir "$scratch/shares"
bt2c-dr keys split --threshold 2 --shares 3 --seed-phrase - --output "$scratch/shares" <<<"$phrase"
cat "$scratch"/shares/share-[13]-of-3.txt | bt2c-dr recover-keys --check --shares - --expect-address "$address"
printf '%sThe demo is done.%s\n' "$bold" "$plain"
