"""[A1] [B6] What time and a full disk bring about, found by doctor and mended by the command that it names.

usage: doctor.py PROGRAM CHAIN_TOOL MOVED_CLOCK
"""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

from checks import check, finish, small_disk

program, chain_tool, moved_clock = (os.path.abspath(path) for path in sys.argv[1:4])
day_s = 86_400
phrase = " ".join(["abandon"] * 11 + ["about"])


class Node:
    """A node that lacks nothing, whose clock can be moved."""

    def __init__(self, folder):
        self.home, self.disk, self.days = folder / "home", folder / "disk", 0
        (self.home / "data").mkdir(parents=True)
        self.disk.mkdir()
        (folder / "user").mkdir()
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("BT2C_", "XDG_", "JOURNAL_", "AWS_", "SSH_"))}
        self.environment |= {"HOME": str(folder / "user"), "BT2C_WALLET_PASSWORD": "a password of the test"}
        subprocess.run([chain_tool, "create", str(self.home / "data" / "blockchain.db"), "--blocks", "50",
                        "--network", "mainnet"], check=True, stdout=subprocess.DEVNULL)

    def run(self, *arguments, text=""):
        return self.ended([program, "--home", str(self.home), *arguments], text)

    def ended(self, command, text=""):
        moved = {"LD_PRELOAD": moved_clock, "BT2C_TEST_CLOCK_SECONDS": str(self.days * day_s)}
        return subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200,
                              env={**self.environment, **moved})

    def findings(self, *names):
        """By name; all, or those of these names."""
        ended = self.run("--json", "doctor")
        found = [one for one in json.loads(ended.stdout)["checks"] if one["status"] in ("finding", "unknown")]
        check("doctor's exit status is what it found", ended.returncode == (3 if found else 0), ended)
        return {one["name"]: one for one in found if not names or one["name"] in names}

    def mend(self, one):
        """Runs what doctor says, as it stands there."""
        ended = self.ended(["sh", "-c", one["mend"].replace("bt2c-dr", f"'{program}'", 1)])
        check(f"'{one['mend']}' runs", ended.returncode == 0, ended)


def set_up(node, folder):
    done = node.run("init", "--non-interactive", "--location", f"name=disk,kind=folder,path={node.disk}", "--schedule", "none",
                    "--phrase-file", str(folder / "words"), "--first-backup")
    check("a set-up", done.returncode == 0, done)
    node.run("test-restore", "--scratch", str(folder / "nowhere"))
    failed = node.findings("restore_test_age")
    check("a restore test that failed", "no successful restore test" in failed["restore_test_age"]["detail"], failed)
    for what, text in ((["job", "verify"], ""), (["test-restore"], ""),
                       (["repository", "key", "confirm", "--recovery-phrase", "-"], (folder / "words").read_text()),
                       (["recover-keys", "--seed-phrase", "-"], phrase), (["backup"], "")):
        done = node.run(*what, text=text)
        check(" ".join(what), done.returncode == 0, done)


def wallet_is_damaged(node):
    wallet = next((node.home / "wallets").glob("*.json"))
    wallet.write_text("{")
    found = node.findings("key_rotation")
    mend = found["key_rotation"]["mend"].replace("bt2c-dr", f"'{program}'", 1)
    done = node.ended(["sh", "-c", f"{mend} --seed-phrase -"], phrase)
    check(f"'{mend}' brings a damaged wallet's key back", done.returncode == 0 and not node.findings("key_rotation"), done)
    kept = next(wallet.parent.glob(f"{wallet.name}.kept-*"))
    check("and keeps the damaged file", kept.read_text() == "{")
    done = node.run("backup")
    check("a backup of it", done.returncode == 0, done)


def time_passes(node):
    ages = ("backup_age", "full_backup_age", "restore_test_age", "verify_age")
    check("nothing is old", not node.findings(*ages, "key_rotation"), node.findings())
    node.days = 40
    old = node.findings(*ages, "key_rotation")
    check("40 days later all is old but the key", set(old) == set(ages), old)
    check("how old is told", all("1 month" in one["detail"] or "40 d" in one["detail"] for one in old.values()), old)
    for name in ages:  # as they stand there: a full backup is a backup, and what is proved must be one of these days
        if name in node.findings(*ages):
            node.mend(old[name])
    check("and is mended", not node.findings(*ages), node.findings())
    # Only a validator's key is ever due.
    wallet = next((node.home / "wallets").glob("*.json")).stem
    with sqlite3.connect(node.home / "data" / "blockchain.db") as database:
        database.execute("update validators set address = ? where rowid = (select min(rowid) from validators)", [wallet])
    node.days = 400
    late = node.findings("key_rotation")
    check("a year later the key is overdue", "overdue since" in late.get("key_rotation", {}).get("detail", ""), late)
    check("and how to rotate it is told", "keys rotate --address" in late.get("key_rotation", {}).get("mend", ""), late)
    node.days = -3
    early = node.run("--json", "doctor")
    told = [one for one in json.loads(early.stdout)["checks"] if one["name"] == "clock" and one["status"] == "finding"]
    check("a clock that was set back", told and "the clock is slow" in told[0]["detail"], early)
    stale = {one["name"]: one for one in json.loads(early.stdout)["checks"] if one["name"] in ages}
    check("what is of times to come is not called young", all(one["status"] == "finding" for one in stale.values()), stale)
    node.days = 510
    done = node.run("backup", "--type", "full")
    check("a backup while the clock is fast", done.returncode == 0, done)
    node.days = 500
    fast = node.findings("clock")
    check("then the clock is right", "while the clock was wrong" in fast.get("clock", {}).get("detail", ""), fast)
    node.mend(fast["clock"])
    check("another backup is enough", not node.findings("clock"), node.findings())
    node.days = 0


def disk_fills_up(node):
    with small_disk(node.disk, "16m") as there:
        if not there:
            return
        def full(*sizes):
            for place, size in zip(("nearly", "wholly"), sizes):
                (node.disk / place).write_bytes(bytes(size))
            return [one for one in node.findings("disk_space").values() if one["subject"] == "disk"]

        nearly = full(15_800 << 10)
        check("a disk that is nearly full", nearly and "it is nearly full" in nearly[0]["detail"]
              and "dr.toml" in nearly[0]["mend"], node.findings())
        wholly = full(15_800 << 10, 540 << 10)
        check("one without room for a backup", wholly and "and a full backup takes" in wholly[0]["detail"], node.findings())
        refused = node.run("--json", "test-restore", "--scratch", str(node.disk))
        error = json.loads(refused.stdout)["error"]
        check("no restore is tested without room", refused.returncode == 1 and "are needed" in error["cause"]
              and "--scratch" in error["hint"] and error["state"] == "nothing was tested", refused)
        check("and nothing of it is left", sorted(one.name for one in node.disk.iterdir()) == ["nearly", "wholly"])
        record = json.loads((node.home / "backups" / "jobs" / "restore-test.json").read_text())
        check("the record tells it", record["exit_status"] == 1 and "are needed" in record["message"], record)
        (node.disk / "nearly").unlink()
        check("with room again", not full())


with tempfile.TemporaryDirectory() as name:
    the_node = Node(pathlib.Path(name))
    set_up(the_node, pathlib.Path(name))
    wallet_is_damaged(the_node)
    time_passes(the_node)
    disk_fills_up(the_node)
finish()
