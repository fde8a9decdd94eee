"""[B1] A data folder whose file system the kernel has mounted read-only, as it does with a failing disk.

usage: read_only_disk.py PROGRAM CHAIN_TOOL
"""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from checks import check, finish, run_json, small_disk

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])


def run(home, *arguments):
    return run_json(program, home, *arguments)


def main(folder):
    home = folder / "home"
    data = home / "data"
    data.mkdir(parents=True)
    with small_disk(data, "64m") as there:
        if not there:
            return
        database = data / "blockchain.db"
        subprocess.run([chain_tool, "create", str(database)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["mount", "-o", "remount,ro", str(data)], check=True)
        made = run(home, "backup")
        check("a backup is made nevertheless", made.returncode == 0, made)
        check("and is sound", run(home, "verify-integrity", "--backup", "latest").returncode == 0)
        check("an incremental one too", run(home, "backup", "--type", "incremental").returncode == 0)

        subprocess.run(["mount", "-o", "remount,rw", str(data)], check=True)
        with contextlib.closing(sqlite3.connect(database)) as chain:
            chain.execute("PRAGMA journal_mode=wal")
            chain.execute("CREATE TABLE further (a)")
            chain.commit()
            for suffix in ("", "-wal"):  # as a node leaves them that is killed
                shutil.copy(f"{database}{suffix}", folder / f"kept{suffix}")
        for suffix in ("", "-wal"):
            shutil.copy(folder / f"kept{suffix}", f"{database}{suffix}")
        subprocess.run(["mount", "-o", "remount,ro", str(data)], check=True)
        refused = run(home, "backup")
        error = refused.document.get("error", {})
        check("in WAL mode the disk is blamed, not the rights",
              refused.returncode == 1 and "mounted read-only" in error["message"] and "permission" not in str(error), refused)
        check("with a way on", "--backup-file" in error.get("hint", "") and error.get("state"), refused)
        restored = run(home, "restore", "--backup-file", folder / "kept", "--only", "database", "--target", folder / "new")
        check("which leads there", restored.returncode == 0, restored)


def location(folder):
    """[B4] The disk of a location: it is looked at before a backup fails there."""
    home, usb = folder / "home", folder / "usb"
    for path in (home / "data", home / "config", usb):
        path.mkdir(parents=True)
    subprocess.run([chain_tool, "create", str(home / "data/blockchain.db")], check=True, stdout=subprocess.DEVNULL)
    with small_disk(usb, "64m") as there:
        if not there:
            return
        (home / "config/dr.toml").write_text(f'[[location]]\nname = "usb"\nkind = "folder"\npath = "{usb}"\n')
        check("two places have a backup", run(home, "backup").returncode == 0)
        check("and are healthy", run(home, "location", "status").document["healthy"] == 2)
        subprocess.run(["mount", "-o", "remount,ro", str(usb)], check=True)
        status = run(home, "location", "status")
        told = [one for one in status.document["warnings"] if "read-only" in one]
        check("the one that takes nothing any more is not", status.document["healthy"] == 1 and told, status)
        found = [one for one in run(home, "doctor").document["checks"]
                 if one["status"] == "finding" and "read-only" in one["detail"]]
        check("doctor finds it", len(found) == 1, found)
        subprocess.run(["bash", "-c", found[0]["mend"].split("as root: ")[1]], check=True)
        check("and tells what mends it", run(home, "location", "status").document["healthy"] == 2)


with tempfile.TemporaryDirectory() as name:
    main(pathlib.Path(name) / "data")
    location(pathlib.Path(name) / "location")
finish()
