#!/bin/bash
# Measures a full backup into each location of a dr.toml alone, and into all of them together.
#
#   bench/locations.sh DR_TOML DATABASE
#
# DR_TOML's tables [[location]] are used as they are; before each backup everything in them is removed by
# BENCH_EMPTY (a command that gets the location's name; by default folders are emptied). The goal: all together take
# at most 1.15 times the slowest alone. BENCH_ROUNDS (3), BENCH_BIN (build/release/bin), BENCH_DIR (a new folder).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
settings=$(readlink -f "${1:?DR_TOML}") database=$(readlink -f "${2:?DATABASE}")
rounds=${BENCH_ROUNDS:-3} dr=$(readlink -f "${BENCH_BIN:-build/release/bin}")/bt2c-dr
work=${BENCH_DIR:-$(mktemp -d)}
mkdir -p "$work/node/data" "$work/node/config"
ln -f "$database" "$work/node/data/blockchain.db" 2>/dev/null || cp "$database" "$work/node/data/blockchain.db"

python3 - "$settings" "$work" "$rounds" "$dr" "${BENCH_EMPTY:-}" <<'PYTHON'
import json, pathlib, re, shutil, statistics, subprocess, sys, time

settings, work, rounds, dr, empty = sys.argv[1:]
work, text = pathlib.Path(work), pathlib.Path(settings).read_text()
head, *tables = re.split(r"(?m)^\[\[location\]\]\s*$", text)
tables = {re.search(r'(?m)^name\s*=\s*"([^"]+)"', table)[1]: "[[location]]" + table for table in tables}


def clear(name):
    shutil.rmtree(work / "node/backups", ignore_errors=True)
    (work / "node/config/repository.key").unlink(missing_ok=True)
    if empty:
        subprocess.run([*empty.split(), name], check=True)
    elif path := re.search(r'(?m)^path\s*=\s*"([^"]+)"', tables[name]):
        for entry in pathlib.Path(path[1]).glob("*"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def measure(names):
    seconds = []
    for _ in range(int(rounds)):
        for name in tables:
            clear(name)
        (work / "node/config/dr.toml").write_text(
            'repository = "none"\n[backup]\npatience_seconds = 86400\n' + "".join(tables[name] for name in names))
        begin = time.monotonic()
        done = subprocess.run([dr, "--home", str(work / "node"), "--quiet", "--json", "backup"],
                              stdout=subprocess.PIPE, check=True, stderr=subprocess.DEVNULL)
        seconds.append(time.monotonic() - begin)
        stored = json.loads(done.stdout)["stored_bytes"]
    return statistics.median(seconds), stored


print(f"| locations | median of {rounds}, s | stored, MiB/s |\n|---|---|---|", flush=True)
alone = {}
for name in tables:
    alone[name], stored = measure([name])
    print(f"| {name} | {alone[name]:.2f} | {stored / alone[name] / 2**20:.0f} |", flush=True)
together, stored = measure(list(tables))
slowest = max(alone.values())
print(f"| all | {together:.2f} | {stored / together / 2**20:.0f} |\n")
print(f"All together take {together / slowest:.2f} times the slowest alone (goal: at most 1.15).")
PYTHON
