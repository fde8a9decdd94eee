"""[B1] [R1] Backups and restores of homes and repositories that are not as they should be, with the real program.

usage: restore.py PROGRAM CHAIN_TOOL
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

from checks import check, finish

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])


def run(home, *arguments, text=False):
    form = [] if text else ["--json"]
    done = subprocess.run([program, "--home", str(home), *form, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, start_new_session=True)
    done.document = json.loads(done.stdout) if done.stdout and not text else {}
    return done


def chain(*arguments):
    subprocess.run([chain_tool, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, timeout=60)


def make_home(folder):
    home = folder / "home"
    for part in ("data", "config", "keys"):
        (home / part).mkdir(parents=True)
    chain("create", home / "data" / "blockchain.db", "--blocks", "20")
    (home / "keys" / "wallet.json").write_text('{"address": "bt2c_one"}\n')
    return home


def a_file_that_changes_while_it_is_read(folder):
    home, target = make_home(folder), folder / "target"
    file, size = home / "config" / "state", 8 << 20
    file.write_bytes(bytes(size))
    stop = threading.Event()

    def rewrite():
        count = 0
        with open(file, "r+b", buffering=0) as out:
            while not stop.is_set():
                count += 1
                out.seek(0)
                out.write(bytes([count % 256]) * size)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        made = [run(home, "backup", "--type", kind) for kind in ("full", "incremental", "incremental")]
    finally:
        stop.set()
        writer.join()
    for backup in made:
        check("a backup of a file that changes", backup.returncode == 0, backup)
        restored = run(home, "restore", "--backup", backup.document["id"], "--target", target)
        check("can be restored", restored.returncode == 0 and (target / "config" / "state").stat().st_size == size, restored)
    checked = run(home, "repository", "check", "--read-data")
    check("and is sound", checked.returncode == 0, checked)


for scene in (a_file_that_changes_while_it_is_read,):
    with tempfile.TemporaryDirectory() as name:
        scene(pathlib.Path(name))
finish()
