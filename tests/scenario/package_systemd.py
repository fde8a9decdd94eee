"""[A1] [N1] [I2] The package under a systemd that was booted for it: agent and validator in their sandboxes, the timers
that 'setup-automated-backups' installs, upgrade and removal while services run.

usage: package_systemd.py CPACK BUILD_FOLDER MAKE_NETWORK
"""

import datetime
import json
import pathlib
import shutil
import sys
import tempfile
import time

import machine
from checks import check, finish

cpack, build, make_network = sys.argv[1:4]
home = "/var/lib/bt2c"
agent, node = "bt2c-dr-agent.service", "bt2c-node.service"


def wait_until(happened, seconds):
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


class Systemd:
    def __init__(self, there):
        self.there = there

    def call(self, *words):
        return self.there.run("systemctl", *words)

    def property(self, unit, name):
        return self.call("show", "--value", f"--property={name}", unit).stdout.decode().strip()

    def is_active(self, unit):
        return self.property(unit, "ActiveState") == "active"

    def journal(self, *of):
        return self.there.run("journalctl", "--no-pager", "--output=cat", *of).stdout.decode()


def dr(there, *arguments, user="bt2c"):
    return there.run("bt2c-dr", "--home", home, *arguments, user=user, BT2C_SIGNER_PASSWORD="a password of the test")


def a_node(there):
    """The only validator of a network, a control plane in a folder, a policy of one member, a repository."""
    shutil.copy(make_network, there.path("/root/make_network"))
    made = there.run("sh", "-ec", f"/root/make_network /root 1 true 18333:18335; cp -r /root/node-1/. {home};"
                                  f"mkdir {home}/control; chown -R bt2c: {home}")
    check("a validator's home", made.returncode == 0, made)
    (there.path(home) / "config" / "dr.toml").write_text(
        f'[network]\nnode_name = "node-1"\ncontrol_plane = "local"\nlocal_folder = "{home}/control"\n')
    member = json.loads(dr(there, "--json", "network", "signer", "create", "alice").stdout)["member"]
    (there.path(home) / "config" / "emergency-policy.toml").write_text(
        'network = "devnet"\npause_threshold = 1\nresume_threshold = 1\n' + member)
    there.run("chown", "-R", "bt2c:", f"{home}/config")
    made = dr(there, "backup")
    check("the first backup, by hand", made.returncode == 0, made)


def height(there):
    told = there.run("sqlite3", "-readonly", "-cmd", ".timeout 10000", f"{home}/data/blockchain.db",
                     "SELECT max(height) FROM blocks")
    return int(told.stdout)


def grows(there):
    before = height(there)
    return wait_until(lambda: height(there) > before, 20)


def locked_in(there, systemd, unit):
    """What the unit takes away is away."""
    pid = systemd.property(unit, "MainPID")
    status = there.run("cat", f"/proc/{pid}/status").stdout.decode()
    check(f"{unit} has no rights: {status}", all(one in status for one in (
        "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "Seccomp:\t2")) and "Uid:\t0" not in status)
    # As root in the service's file system, since its user could not write there anyway.
    for path, may in (("/etc/x", False), ("/usr/x", False), ("/var/lib/x", False), ("/root/x", False), (f"{home}/x", True)):
        done = there.run("nsenter", "-t", pid, "-m", "touch", path)
        check(f"{path} {'can' if may else 'cannot'} be written by {unit}", (done.returncode == 0) == may, done)
    there.path(f"{home}/x").unlink(missing_ok=True)


def timers(there, systemd):
    """Installs them; when the daily backup is due: in 20 to 80 seconds. The others are in hours and days, whenever this runs."""
    full_at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=80)).replace(second=0)
    later = full_at + datetime.timedelta(hours=60)
    with open(there.path(home) / "config" / "dr.toml", "a") as settings:
        settings.write(f'[schedule]\nfull = "{full_at:%H:%M}"\nverify = "{later:%H:%M}"\nrestore_test = "{later:%a %H:%M}"\n'
                       "incremental_minutes = 0\njitter_seconds = 0\n")
    done = dr(there, "--json", "setup-automated-backups", user="root")
    check("timers are chosen where systemd runs", done.returncode == 0 and json.loads(done.stdout)["scheduler"] == "systemd", done)
    waiting = systemd.call("list-timers", "--no-legend", "bt2c-dr-*").stdout.decode()
    check(f"they wait: {waiting}", waiting.count(".timer") == 3)
    changed = json.loads(dr(there, "--json", "setup-automated-backups", user="root").stdout)["changed"]
    check("again nothing changes", changed is False)

    def standstill():
        found = json.loads(dr(there, "--json", "doctor", user="root").stdout)["checks"]
        return [one for one in found if one["name"] == "schedule" and one["status"] == "finding"]

    check("doctor finds them waiting", not standstill())
    stopped = next(there.path("/etc/systemd/system").glob("bt2c-dr-verify*.timer")).name
    systemd.call("stop", stopped)
    found = standstill()
    check(f"and one that stands still: {found}", len(found) == 1 and f"{stopped} is not active" in found[0]["detail"])
    mended = there.run("sh", "-c", found[0]["mend"]) if found else None
    check("its command starts it", mended and mended.returncode == 0 and systemd.is_active(stopped) and not standstill(), mended)
    systemd.call("disable", stopped)
    found = standstill()
    check(f"and one that the next start would not bring back: {found}", len(found) == 1
          and f"{stopped} is disabled" in found[0]["detail"])
    mended = there.run("sh", "-c", found[0]["mend"]) if found else None
    check("its command enables it, and says so", mended and mended.returncode == 0 and b"stopped or disabled" in mended.stdout
          and systemd.call("is-enabled", stopped).returncode == 0 and not standstill(), mended)
    there.run("ln", "-sf", "/dev/null", f"/etc/systemd/system/{stopped}")  # 'mask' itself replaces no file
    systemd.call("daemon-reload")
    found = json.loads(dr(there, "--json", "doctor", user="root").stdout)["checks"]
    masked = [one for one in found if one["name"] == "schedule" and one["status"] != "ok"]
    check(f"and one that is masked: {masked}", len(masked) == 1 and f"{stopped}: it is masked" in masked[0]["detail"])
    mended = there.run("sh", "-c", masked[0]["mend"]) if masked else None
    check("its command brings it back", mended and mended.returncode == 0 and systemd.is_active(stopped)
          and systemd.call("is-enabled", stopped).returncode == 0 and not standstill(), mended)
    return full_at


def orders(there, systemd):
    """The agent is ready when its start returns; the validator starts after it; both obey from within their sandboxes."""
    done = systemd.call("enable", "--now", agent)
    marker = there.path(home) / "network" / "agent-ready.json"
    check("the start returns when it is ready", done.returncode == 0 and systemd.is_active(agent) and marker.exists(), done)
    systemd.call("stop", agent)
    done = systemd.call("enable", "--now", node)
    check("a validator brings the agent along", done.returncode == 0 and systemd.is_active(node) and systemd.is_active(agent), done)
    check(f"and makes blocks: {systemd.journal('-u', node)}", grows(there))
    paused = dr(there, "network", "pause", "--as", "alice", "--reason", "a test", "--watch", "1")
    stopped_at = height(there)
    time.sleep(3)
    check("an order to pause is obeyed", paused.returncode == 0 and height(there) == stopped_at, paused)
    resumed = dr(there, "network", "resume", "--as", "alice", "--reason", "a test")
    check("and the one that takes it back", resumed.returncode == 0 and grows(there), resumed)
    for unit in (agent, node):
        locked_in(there, systemd, unit)


def the_agent(there, systemd):
    """It comes back when it was killed or froze, and ends as it is told."""
    pid = systemd.property(agent, "MainPID")
    there.run("kill", "-KILL", pid)
    check("killed, it comes back", wait_until(lambda: systemd.is_active(agent)
                                              and systemd.property(agent, "MainPID") not in ("0", pid), 10))
    there.run("mkdir", "-p", f"/run/systemd/system/{agent}.d")
    there.path(f"/run/systemd/system/{agent}.d/test.conf").write_text("[Service]\nWatchdogSec=3\n")
    systemd.call("daemon-reload")
    systemd.call("restart", agent)
    pid = systemd.property(agent, "MainPID")
    time.sleep(4)
    check("it feeds the watchdog", systemd.property(agent, "MainPID") == pid and systemd.is_active(agent))
    there.run("kill", "-STOP", pid)
    check("frozen, the watchdog ends it and it comes back", wait_until(
        lambda: systemd.is_active(agent) and systemd.property(agent, "MainPID") not in ("0", pid), 20))
    began = time.monotonic()
    done = systemd.call("stop", agent)
    took = time.monotonic() - began
    check(f"it stops at once, and well: {took:.1f} s", done.returncode == 0 and took < 5
          and systemd.property(agent, "Result") == "success" and systemd.property(agent, "ExecMainStatus") == "0"
          and systemd.property(agent, "ExecMainCode") == "1")
    check("its journal tells", "ready: all orders are obeyed" in systemd.journal("-u", agent))
    systemd.call("start", agent)


def jobs(there, systemd, full_at):
    """The daily one at its time; a missed one when the timer is there again."""
    unit = next(there.path("/etc/systemd/system").glob("bt2c-dr-full*.timer")).stem

    def record(job):
        try:
            return json.loads((there.path(home) / "backups" / "jobs" / f"{job}.json").read_text())
        except OSError:
            return {}

    left_s = (full_at - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    check("the daily job runs at its time", wait_until(lambda: record("full").get("last_finished"), max(0, left_s) + 30))
    full = record("full")
    started = full.get("last_started", "")
    check(f"and not sooner: {full}", full.get("exit_status") == 0 and started[:16] == f"{full_at:%Y-%m-%dT%H:%M}")
    check("it made a backup", wait_until(lambda: systemd.property(unit, "Result") == "success", 10)
          and len(json.loads(dr(there, "--json", "list-backups").stdout)["backups"]) == 2)
    told = systemd.journal("-u", unit)
    check(f"its journal tells: {told}", "job full: started" in told and "job full: done" in told)
    files = there.run("find", home, "!", "-user", "bt2c").stdout.decode()
    check(f"all is the user's: {files}", files == "")

    verify = unit.replace("full", "verify")
    check("verify has not run", record("verify") == {})
    systemd.call("stop", f"{verify}.timer")
    two_days_ago = time.time() - 2 * 86400
    stamp = there.path(f"/var/lib/systemd/timers/stamp-{verify}.timer")
    check("systemd remembers the run before", stamp.exists())
    there.run("touch", "-d", f"@{two_days_ago:.0f}", f"/var/lib/systemd/timers/stamp-{verify}.timer")
    systemd.call("start", f"{verify}.timer")
    check("what was missed is made up", wait_until(lambda: record("verify").get("last_finished"), 20)
          and record("verify")["exit_status"] == 0)


def upgraded(there, systemd, package):
    pid, validator = systemd.property(agent, "MainPID"), systemd.property(node, "MainPID")
    done = there.run("dpkg", "-i", package)
    check("an upgrade starts the agent anew", done.returncode == 0 and systemd.is_active(agent)
          and systemd.property(agent, "MainPID") not in ("0", pid), done)
    check("and not a validator, which it tells", systemd.property(node, "MainPID") == validator != "0"
          and b"systemctl restart bt2c-node" in done.stdout, done)
    systemd.call("stop", agent)
    done = there.run("dpkg", "-i", package)
    check("and leaves one that is stopped so", done.returncode == 0 and not systemd.is_active(agent), done)
    systemd.call("start", agent)


def agents_rights(there, systemd):
    """Jobs that the agent is to run need places that its unit does not know."""
    elsewhere = "/mnt/elsewhere"
    settings = there.path(home) / "config" / "dr.toml"
    good = settings.read_text()
    settings.write_text(good + f'[[location]]\nname = "elsewhere"\nkind = "folder"\npath = "{elsewhere}"\n')
    there.run("install", "-d", "-o", "bt2c", elsewhere)

    def told():
        done = dr(there, "--json", "setup-automated-backups", "--scheduler", "agent", "--dry-run", user="root")
        return [one for one in json.loads(done.stdout)["notes"] if "systemctl edit bt2c-dr-agent" in one]

    notes = told()
    check(f"what the unit lacks is told: {notes}", len(notes) == 1 and f"ReadWritePaths=-{elsewhere}" in notes[0])
    drop_in = there.path(f"/run/systemd/system/{agent}.d/places.conf")
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text(f"[Service]\nReadWritePaths=-{elsewhere}\n")
    systemd.call("daemon-reload")
    check("and no more when it is there", told() == [], told())
    drop_in.unlink()
    systemd.call("daemon-reload")
    settings.write_text(good)


def removed(there, systemd, package):
    # A job that failed: with a usage error, after which it is not tried again.
    unit = next(there.path("/etc/systemd/system").glob("bt2c-dr-full*.service")).name
    settings = there.path(home) / "config" / "dr.toml"
    good = settings.read_text()
    settings.write_text(good + "nonsense = 1\n")
    systemd.call("start", unit)
    settings.write_text(good)
    check("a job fails", systemd.property(unit, "ActiveState") == "failed")
    done = dr(there, "setup-automated-backups", "--remove", user="root")
    check("the timers are gone", done.returncode == 0 and not list(there.path("/etc/systemd/system").rglob("bt2c-dr-full*"))
          and ".timer" not in systemd.call("list-timers", "--all", "--no-legend", "bt2c-dr-*").stdout.decode(), done)
    done = there.run("dpkg", "-r", "bt2c-dr")
    check("a removal stops both", done.returncode == 0 and not systemd.is_active(agent) and not systemd.is_active(node), done)
    check("no program of it runs", there.run("pgrep", "-f", "^/usr/bin/bt2c-").returncode == 1)
    done = there.run("dpkg", "-i", package)
    check("installed again it is enabled as it was", done.returncode == 0
          and systemd.call("is-enabled", agent, node).stdout.split() == [b"enabled"] * 2, done)
    done = there.run("dpkg", "-P", "bt2c-dr")
    left = [str(path) for path in there.path("/etc").rglob("*bt2c*")]
    check(f"a purge leaves nothing but the home: {left}", done.returncode == 0 and left == []
          and (there.path(home) / "data" / "blockchain.db").exists()
          and systemd.property(agent, "LoadState") == "not-found", done)
    check("the system is well", systemd.call("is-system-running").stdout.strip() == b"running", systemd.call("--failed"))


with tempfile.TemporaryDirectory(prefix="bt2c-package-") as name:
    machine.need("adduser", "dpkg-shlibdeps", "systemctl", "unshare", "nsenter", "setpriv", "pgrep", "sqlite3")
    package = machine.build_package(cpack, build, pathlib.Path(name))
    with machine.Machine(systemd=True) as there:
        shutil.copy(package, there.path("/root"))
        inside = f"/root/{package.name}"
        running = Systemd(there)
        done = there.run("dpkg", "-i", inside)
        check("dpkg installs it", done.returncode == 0, done)
        check("nothing is started", not running.is_active(agent) and not running.is_active(node)
              and running.call("is-enabled", agent).stdout.strip() == b"disabled")
        a_node(there)
        at = timers(there, running)
        orders(there, running)
        the_agent(there, running)
        jobs(there, running, at)
        agents_rights(there, running)
        upgraded(there, running, inside)
        removed(there, running, inside)

finish()
