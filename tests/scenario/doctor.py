"""[A1] [B6] What time and a full disk bring about, found by doctor and mended by the command that it names.

usage: doctor.py PROGRAM CHAIN_TOOL MOVED_CLOCK
"""

import contextlib
import json
import os
import pathlib
import pwd
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
        (folder / "bin").mkdir()
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("BT2C_", "XDG_", "JOURNAL_", "AWS_", "SSH_"))}
        self.environment |= {"HOME": str(folder / "user"), "BT2C_WALLET_PASSWORD": "a password of the test",
                             "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        subprocess.run([chain_tool, "create", str(self.home / "data" / "blockchain.db"), "--blocks", "50",
                        "--network", "mainnet"], check=True, stdout=subprocess.DEVNULL)

    def run(self, *arguments, text=""):
        return self.ended([program, "--home", str(self.home), *arguments], text)

    def ended(self, command, text=""):
        moved = {"LD_PRELOAD": moved_clock, "BT2C_TEST_CLOCK_SECONDS": str(int(self.days * day_s))}
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


def nothing_changes(node):
    for job, node.days in (("full", 0), ("incremental", 0.25)):
        done = node.run("job", job)
        check(f"job {job}", done.returncode == 0, done)
    record = node.home / "backups" / "jobs" / "incremental.json"
    check("a chain that stands still", "nothing has changed" in record.read_text(), record.read_text())
    check("has a backup that is not old", not node.findings("backup_age"), node.findings("backup_age"))
    record.unlink()
    check("which only the job knows", node.findings("backup_age"))
    node.days = 0


def database_is_locked(node):
    with contextlib.closing(sqlite3.connect(node.home / "data" / "blockchain.db", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        found = node.run("--json", "doctor", "--patience", "24")
    told = {one["name"]: one for one in json.loads(found.stdout)["checks"]}
    check("a locked database is told", told["database"]["status"] == "unknown" and "it is locked" in told["database"]["detail"], found)
    check("and costs no other check", told["home"]["status"] == "ok" and told["key_rotation"]["status"] == "skipped"
          and {"settings", "signing", "repository"} <= set(told), found)


def home_is_read_only(node):
    jobs = node.home / "backups" / "jobs"
    with small_disk(jobs, "1m") as there:
        if not there:
            return
        subprocess.run(["mount", "-o", "remount,ro", str(jobs)], check=True)
        found = node.findings("home").get("home")
        check("a home that is read-only", found and "Read-only file system" in found["detail"] and "remount" in found["mend"], found)


def home_is_missing(node, folder):
    kept, node.home = node.home, folder / "nowhere"
    lost, refused = node.findings("home")["home"], node.run("job", "full")
    check("a home that is missing", b" init --make-home" in refused.stderr, refused)
    node.mend({"mend": lost["mend"] + " --non-interactive --schedule none"})
    check("is made", node.home.is_dir() and not node.findings("home"), lost)
    node.home = kept


def files_are_damaged(node, folder):
    file = node.home / "config" / "recovery-phrase-confirmed.json"
    for damage in (lambda: file.write_text("{"), lambda: (file.unlink(), os.mkfifo(file))):
        damage()
        mend = node.findings("recovery_phrase")["recovery_phrase"]["mend"] or "false"
        done = node.ended(["sh", "-c", mend.replace("bt2c-dr", f"'{program}'", 1) + " --recovery-phrase -"],
                          (folder / "words").read_text())
        check(f"'{mend}' confirms the phrase anew", done.returncode == 0 and not node.findings("recovery_phrase"), done)
    file.with_name(file.name + ".old").unlink()
    file = node.disk / "format"
    for damage in (file.unlink, lambda: file.write_bytes(b"{")):
        file.chmod(0o600)
        damage()
        node.mend(node.findings("location")["location"])
        check("a location's 'format' is brought back", not node.findings("location"), node.findings("location"))


def schedule_is_wrong(node, folder):
    tab, crontab = folder / "tab", folder / "bin" / "crontab"
    crontab.write_text(f"#!/bin/sh\nT='{tab}'\ncase $1 in\n-l) [ -e \"$T\" ] || {{ echo 'no crontab for x' >&2; exit 1; }}; cat \"$T\";;\n"
                       "-r) rm \"$T\";;\n-u) exit 1;;\n*) cp \"$1\" \"$T\";;\nesac\n")
    crontab.chmod(0o755)

    def found(*options):
        checks = json.loads(node.run(*options, "--json", "doctor").stdout)["checks"]
        return [one for one in checks if one["name"] == "schedule" and one["status"] != "ok" and "no cron daemon" not in one["detail"]]

    done = node.run("setup-automated-backups", "--scheduler", "cron")
    check("cron has a line", done.returncode == 0 and not found(), done)
    named = found("--network", "mainnet")
    check("a line that names no network", len(named) == 1, named)
    node.mend(named[0])
    check("names it then", not found("--network", "mainnet"), tab.read_text())
    node.run("setup-automated-backups", "--scheduler", "cron")

    before = tab.read_bytes()
    refused = node.run("--network", "testnet", "--json", "setup-automated-backups", "--scheduler", "cron")
    check("no jobs of a network that the chain has not", refused.returncode == 2 and tab.read_bytes() == before
          and "mainnet" in json.loads(refused.stdout)["error"]["cause"], refused)
    checks = json.loads(node.run("--network", "testnet", "--json", "doctor").stdout)["checks"]
    check("and doctor finds it", [one["status"] for one in checks if one["name"] == "database"] == ["ok", "finding"], checks)

    settings = node.home / "config" / "dr.toml"
    kept = settings.read_text()
    settings.write_text(kept + '\n[schedule]\nfull = "off"\nincremental_minutes = 0\nverify = "off"\nrestore_test = "off"\n')
    off = found()
    check("a schedule of nothing", len(off) == 1 and "nothing is backed up by itself" in off[0]["detail"] and off[0]["mend"], off)
    settings.write_text(kept)

    # What this process is given says nothing of what the jobs are.
    key, words = node.home / "config" / "repository.key", folder / "words"
    key.rename(folder / "lost.key")
    node.environment["BT2C_REPO_PASSWORD"] = words.read_text().strip()
    lost = found()
    check("jobs that find no key", len(lost) == 1 and "will find no key" in lost[0]["detail"], lost)
    node.environment["BT2C_REPO_PASSWORD_FILE"] = str(words)
    node.run("setup-automated-backups", "--scheduler", "cron")
    check("unless they are told of one", not found(), tab.read_text())
    for variable in ("BT2C_REPO_PASSWORD", "BT2C_REPO_PASSWORD_FILE"):
        del node.environment[variable]
    node.run("setup-automated-backups", "--scheduler", "cron")
    text = settings.read_text()
    s3 = '\n[[location]]\nname = "vault"\nkind = "s3"\nendpoint = "http://127.0.0.1:9"\nbucket = "b"\nretries = 0\n'
    node.environment |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    settings.write_text(text + s3)
    lost = [one for one in found() if "no credentials for 'vault'" in one["detail"]]
    has_file = pathlib.Path(pwd.getpwuid(os.geteuid()).pw_dir, ".aws", "credentials").exists()
    check("jobs that are given no credentials", has_file or (len(lost) == 1 and "mode 600" in lost[0]["mend"]), lost)
    settings.write_text(text)
    del node.environment["AWS_ACCESS_KEY_ID"], node.environment["AWS_SECRET_ACCESS_KEY"]
    for make in (lambda: None, lambda: os.mkfifo(key)):
        make()
        unopened = node.findings("repository")["repository"]
        node.mend({"mend": (unopened["mend"] or "").replace("=FILE ", f"='{words}' ")})
        check("another key file", not found() and not node.findings("repository"), unopened)
        key.unlink()
    key.with_name(key.name + ".old").unlink()
    (folder / "lost.key").rename(key)
    crontab.unlink()


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
        scratch = node.home.parent / "scratch"
        scratch.mkdir()
        with small_disk(scratch, "1m"):
            (scratch / "wholly").write_bytes(bytes(900 << 10))
            refused = node.run("--json", "test-restore", "--scratch", str(scratch))
            error = json.loads(refused.stdout)["error"]
            check("no restore is tested without room", refused.returncode == 1 and "are needed" in error["cause"]
                  and "--scratch" in error["hint"] and error["state"] == "nothing was tested", refused)
            check("and nothing of it is left", [one.name for one in scratch.iterdir()] == ["wholly"])
        record = json.loads((node.home / "backups" / "jobs" / "restore-test.json").read_text())
        check("the record tells it", record["exit_status"] == 1 and "are needed" in record["message"], record)
        (node.disk / "nearly").unlink()
        check("with room again", not full())


with tempfile.TemporaryDirectory() as name:
    the_node = Node(pathlib.Path(name))
    set_up(the_node, pathlib.Path(name))
    nothing_changes(the_node)
    database_is_locked(the_node)
    home_is_read_only(the_node)
    home_is_missing(the_node, pathlib.Path(name))
    files_are_damaged(the_node, pathlib.Path(name))
    schedule_is_wrong(the_node, pathlib.Path(name))
    wallet_is_damaged(the_node)
    time_passes(the_node)
    disk_fills_up(the_node)
finish()
