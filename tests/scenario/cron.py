"""[A1] Debian's own cron runs the line that 'setup-automated-backups' gives it, on a machine made for that.

usage: cron.py PROGRAM CHAIN_TOOL MOVED_CLOCK
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time

import machine
from checks import check, finish

program, chain_tool, moved_clock = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
user, home = "validator", pathlib.Path("/srv/a node")
jobs = ("full", "incremental", "verify", "restore-test")


def dr(there, *arguments):
    return there.run("/usr/local/bin/bt2c-dr", "--home", str(home), *arguments, user=user)


def records(there):
    folder = there.path(home / "backups" / "jobs")
    return {job: json.loads((folder / f"{job}.json").read_text()) for job in jobs if (folder / f"{job}.json").exists()}


class Cron:
    """The daemon, whose clock stands a few seconds before the next full five minutes."""

    def __init__(self, there):
        self.there, ahead = there, 300 - int(time.time()) % 300 - 3
        self.daemon = subprocess.Popen(
            ["nsenter", "-t", str(there.first), "-a", "env", "-i", f"PATH={machine.search_path}", f"LD_PRELOAD=/root/{moved_clock.name}",
             f"BT2C_TEST_CLOCK_SECONDS={ahead}", "cron", "-f"], stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.there.run("pkill", "-x", "cron")  # nsenter would leave it behind
        self.daemon.wait(10)


def wait_until(happened, seconds):
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


machine.need("unshare", "nsenter", "cron", "crontab", "runuser", "adduser")


def cron_is_missed(there):
    checks = json.loads(dr(there, "--json", "doctor").stdout)["checks"]
    return any(one["name"] == "schedule" and "no cron daemon" in one["detail"] for one in checks)


with machine.Machine(systemd=False) as there:
    shutil.copy(program, there.path("/usr/local/bin"))
    shutil.copy(chain_tool, there.path("/usr/local/bin"))
    shutil.copy(moved_clock, there.path("/root"))
    made = there.run("sh", "-ec", f"adduser --quiet --system --group --shell /bin/sh --no-create-home {user};"
                                  f"mkdir -p '{home}/data'; bt2c-sample-chain create '{home}/data/blockchain.db' --blocks 20;"
                                  f"chmod 700 '{home}'; chown -R {user}: '{home}'")
    check("a node", made.returncode == 0, made)
    made = dr(there, "backup")  # the first, by hand: somebody must see the recovery phrase
    check("a backup", made.returncode == 0, made)
    # The daily jobs are due at once, since they never ran; the others when their time has come.
    done = dr(there, "--json", "setup-automated-backups")
    document = json.loads(done.stdout or "{}")
    check("without systemd it is cron", done.returncode == 0 and document.get("scheduler") == "cron", done)
    tab = there.run("crontab", "-u", user, "-l")
    check("Debian's crontab has the line", b"--quiet job --due --syslog" in tab.stdout, tab)
    with Cron(there):
        check(f"cron runs what is due: {records(there)}",
              wait_until(lambda: len(records(there)) == len(jobs) and all(one.get("last_finished") for one in records(there).values()), 120))
        check("doctor sees it run", not cron_is_missed(there))
    mark = there.path("/run/crond.pid")
    check("one that is gone leaves its mark, and doctor sees that it does not run", mark.exists() and cron_is_missed(there))
    mark.write_text("1\n")
    check("nor does another process with its number", cron_is_missed(there))
    check(f"and all ends well: {records(there)}", all(one["exit_status"] == 0 for one in records(there).values()))
    check("the line has run to its end", wait_until(lambda: there.run("pgrep", "-x", "bt2c-dr").returncode == 1, 60))
    listed = dr(there, "--json", "list-backups")
    check("there is another backup", listed.returncode == 0 and len(json.loads(listed.stdout)["backups"]) >= 2, listed)
    deny = there.path("/etc/cron.deny")
    deny.write_text(f"{user}\n")
    for as_user in (user, "root"):
        refused = there.run("/usr/local/bin/bt2c-dr", "--home", str(home), "setup-automated-backups", "--remove", user=as_user)
        check(f"a crontab that {as_user} may not look at is not taken for empty", refused.returncode == 1
              and f"cannot look at the crontab of {user}".encode() in refused.stderr, refused)
    deny.unlink()
    gone = dr(there, "setup-automated-backups", "--remove")
    check("no line is left, and no record", gone.returncode == 0 and not records(there) and there.run("crontab", "-u", user, "-l").returncode != 0, gone)
    deny.write_text(f"{user}\n")
    none = there.run("/usr/local/bin/bt2c-dr", "--home", str(home), "setup-automated-backups", "--remove")
    check("root sees that there is none", none.returncode == 0, none)
    deny.unlink()
    with Cron(there):
        time.sleep(6)  # over the full five minutes
    check(f"and nothing runs: {records(there)}", not records(there))
finish()
