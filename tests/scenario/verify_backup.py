"""[I1] A backup too large to be looked at inside the repository is checked in a scratch folder, of which nothing stays.

usage: verify_backup.py PROGRAM CHAIN_TOOL
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from checks import check, finish, run_json

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])


def run(home, *arguments):
    return run_json(program, home, *arguments)


def found(done):
    return {one["name"]: (one["status"], one["count"]) for one in done.document["checks"]}


def left_in(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith("bt2c-verify")]


def main(folder):
    home, small = folder / "home", folder / "small"
    database = home / "data" / "blockchain.db"
    database.parent.mkdir(parents=True)
    small.mkdir()
    subprocess.run([chain_tool, "create", str(database), "--blocks", "8000", "--transactions-per-block", "11"], check=True,
                   stdout=subprocess.DEVNULL)
    check("a chain of more than 64 MiB", database.stat().st_size > 64 << 20)
    made = run(home, "backup")
    check("a backup", made.returncode == 0, made)

    done = run(home, "verify-integrity", "--backup", "latest")
    check("it is sound", done.returncode == 0 and done.document["ok"], done)
    check("and looked at in a scratch folder", b"inside the repository" not in done.stderr, done)
    check("of which nothing is left", not left_in(folder))

    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "dr.toml").write_text(f'schedule.scratch = "{folder / "nowhere"}"\n')
    direct = run(home, "verify-integrity", "--backup", "latest")
    check("without such a folder it is said", direct.returncode == 0 and b"which takes longer" in direct.stderr
          and b"nowhere" in direct.stderr, direct)
    check("and the same is found", found(direct) == found(done), direct)
    (home / "config" / "dr.toml").unlink()

    # Killed, it leaves its folder to the next one.
    process = subprocess.Popen([program, "--home", str(home), "--quiet", "verify-integrity", "--backup", "latest"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not left_in(folder) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    check("killed in the middle", process.returncode == -signal.SIGKILL and len(left_in(folder)) == 1, left_in(folder))
    check("the next one clears it away", run(home, "verify-integrity", "--backup", "latest").returncode == 0 and not left_in(folder))

    # A page that was damaged before the backup, and a damaged pack.
    subprocess.run([chain_tool, "damage", str(database), "--fault", "noise-in-index-leaf"], check=True, stdout=subprocess.DEVNULL)
    check("another backup", run(home, "backup").returncode == 0)
    done = run(home, "verify-integrity", "--backup", "latest")
    check("the damaged page is named", done.returncode == 3 and found(done)["database_pages"][0] == "fail", done)
    packs = sorted((home / "backups" / "repository" / "packs").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    packs[-1].chmod(0o600)
    with open(packs[-1], "r+b") as pack:
        pack.seek(1 << 20)
        pack.write(bytes(64))
    done = run(home, "verify-integrity", "--backup", "latest")
    check("of a damaged backup the cause is told", done.returncode in (1, 3) and b"which takes longer" in done.stderr
          and b"seal" in done.stderr, done)


with tempfile.TemporaryDirectory() as name:
    main(pathlib.Path(name))
finish()
