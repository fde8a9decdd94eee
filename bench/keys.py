"""Times the derivation of a key from a phrase, the whole command against PyCryptodome in a running interpreter, on the
same random phrases. Prints a table.

usage: keys.py PROGRAM PHRASES
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "scenario"))
import reference_keys as reference

program, count = sys.argv[1], int(sys.argv[2])
ours, theirs = [], []
os.sched_setaffinity(0, {0})
with tempfile.TemporaryDirectory() as home:
    for _ in range(count):
        phrase = " ".join(os.urandom(4).hex() for _ in range(12))
        begin = time.perf_counter()
        address = reference.address_of(reference.reference_key(phrase))
        theirs.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        subprocess.run(
            [program, "--home", home, "--json", "--quiet", "recover-keys", "--raw-phrase",
             "--check", "--expect-address", address, "--seed-phrase", "-"],
            input=phrase.encode(), stdout=subprocess.DEVNULL, check=True)
        ours.append(time.perf_counter() - begin)

print("## A key from its phrase")
print()
print(f"`bench/run.sh --keys`, {time.strftime('%F', time.gmtime())}: {count} random phrases, each derived by both on one")
print("core; the start of our program is included.")
print()
print("| | median, ms | goal |")
print("|---|---|---|")
median = statistics.median(ours) * 1000
print(f"| **bt2c-dr** recover-keys --check | {median:.0f} | ≤ 30, {'met' if median <= 30 else 'missed'} |")
print(f"| PyCryptodome {reference.version} | {statistics.median(theirs) * 1000:.0f} | |")
