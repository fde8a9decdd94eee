"""[B7] Retention with the real program: what goes when, pins, more than half, kill -9 at any instant, two prunes and a
backup side by side. The program's clock is moved by a library (tests/support/moved_clock.cpp).

usage: prune.py PROGRAM CHAIN_TOOL CLOCK_LIBRARY
"""

import json
import os
import pathlib
import pty
import random
import signal
import subprocess
import sys
import tempfile
import time

from checks import check, finish

program, chain_tool, clock_library = (os.path.abspath(path) for path in sys.argv[1:4])
seed = int(os.environ.get("BT2C_TEST_SEED", str(random.randrange(1 << 32))))
random.seed(seed)
hour = 3600
day = 24 * hour


class Node:
    def __init__(self, folder):
        self.home, self.now = folder / "home", 0
        (self.home / "data").mkdir(parents=True)
        (self.home / "config").mkdir()
        self.database = str(self.home / "data" / "blockchain.db")
        subprocess.run([chain_tool, "create", self.database, "--blocks", "200", "--network", "mainnet"], check=True,
                       stdout=subprocess.DEVNULL)
        (self.home / "config" / "dr.toml").write_text(
            "[retention]\nrecent_days = 1\ndaily_days = 4\nweekly_weeks = 0\nmonthly_months = 0\nsafety_days = 1\n")
        self.packs = self.home / "backups" / "repository" / "packs"

    def start(self, *arguments, json_wanted=True):
        environment = {**os.environ, "LD_PRELOAD": clock_library, "BT2C_TEST_CLOCK_SECONDS": str(int(self.now)),
                       "BT2C_HOME": str(self.home)}
        return subprocess.Popen([program, *(["--json"] if json_wanted else []), "--quiet", *arguments], env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments, status=0):
        process = self.start(*arguments)
        out, error = process.communicate(timeout=120)
        check(f"{arguments} ends with {status}", process.returncode == status, (process.returncode, out[-600:], error[-600:]))
        return json.loads(out) if out.strip() else {}

    def grow(self):
        subprocess.run([chain_tool, "append", self.database, "--blocks", "2"], check=True, stdout=subprocess.DEVNULL)

    def ids(self):
        return [backup["id"] for backup in self.run("list-backups")["backups"]]

    def back_up(self, kind):
        self.grow()
        self.run("backup", "--type", kind)
        return self.ids()[0]


def what_goes_when(node):
    first = node.back_up("full")
    fulls, incrementals = [first], []
    for _ in range(7):
        node.now += hour
        incrementals.append(node.back_up("incremental"))
        node.now += day - hour
        fulls.append(node.back_up("full"))
    plan = node.run("prune", "--dry-run")
    check("a dry run changes nothing", len(node.ids()) == 15)
    kept = {backup["id"]: backup for backup in plan["backups"] if backup["kept"]}
    check("one of each of four days, and what is recent", set(kept) == set(fulls[4:] + incrementals[6:]), plan)
    check("each has its reasons", all(backup["reasons"] for backup in plan["backups"]))
    ended = node.run("prune", status=1)
    check("more than half needs a word", "more than half" in ended["error"]["message"], ended)
    check("nothing was changed", len(node.ids()) == 15)
    node.run("pin", fulls[1], "--reason", "before the fork")
    check("the pin is listed", [pin["reason"] for pin in node.run("pin")["pins"]] == ["before the fork"])
    before = len(list(node.packs.iterdir()))
    done = node.run("prune", "--allow-most")
    check("ten were retired less the pinned one", done["leaving"] == 9, done["leaving"])
    check("they are listed no more", set(node.ids()) == set(kept) | {fulls[1]})
    check("nor counted", node.run("location", "status", status=3)["locations"][0]["backups"] == len(node.ids()))
    check("their bytes are still there", len(list(node.packs.iterdir())) == before)
    node.run("pin", fulls[0], status=1)
    node.run("restore", "--backup", fulls[0], "--dry-run", status=1)
    node.now += 25 * hour
    done = node.run("prune")
    check("one mark is not enough", done["locations"][0]["removed_objects"] == 0, done["locations"])
    node.now += 5 * hour
    done = node.run("prune")
    check("then they go", done["locations"][0]["removed_objects"] > 20, done["locations"])
    check("packs are fewer", len(list(node.packs.iterdir())) < before)
    check("all is sound", node.run("repository", "check", "--read-data")["ok"])
    node.run("test-restore", fulls[1])
    node.run("test-restore", fulls[-1])
    node.run("pin", fulls[1], "--remove")
    process = node.start("prune", json_wanted=False)
    out = process.communicate()[0].decode()
    check("people are told why", fulls[1][:8] in out and "retired" in out and "older than the rules reach" in out, out)


def killed(node, rounds):
    """kill -9 of backups and prunes, alone and side by side, at any instant."""
    kills = 0
    for _ in range(rounds):
        node.now += random.choice([hour, 5 * hour, 13 * hour, 26 * hour])
        node.grow()
        jobs = [["prune", "--allow-most"], ["backup", "--type", random.choice(["full", "incremental", "incremental"])],
                ["prune", "--allow-most"]]
        running = [node.start(*job) for job in random.sample(jobs, random.randint(1, 3))]
        time.sleep(random.uniform(0, 0.06))
        for process in running:
            if random.random() < 0.6 and process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
        for process in running:
            out, error = process.communicate(timeout=120)
            # A backup whose base was retired in the same instant is refused, as it should be.
            good = process.returncode in (0, -signal.SIGKILL) or b"meanwhile" in out + error
            check("those that live do what they should", good, (process.args, out[-500:], error[-500:]))
    print(f"{kills} kills in {rounds} rounds")
    check("there were kills", kills > rounds // 4, kills)
    node.back_up("full")
    for _ in range(6):
        node.now += 25 * hour
        node.run("prune", "--allow-most")
    report = node.run("repository", "check", "--read-data")
    check("all is sound, and nothing is left over", report["ok"] and not report["findings"], report)
    check("no intent is left", not any((node.home / "backups/repository/intents").iterdir()))
    for backup in node.ids():
        node.run("test-restore", backup)


def damaged_manifest(node):
    node.now += day
    victim = node.back_up("full")
    node.now += hour
    incremental = node.back_up("incremental")
    node.now += hour
    newest = node.back_up("full")
    repository = node.home / "backups" / "repository"
    manifest = repository / "manifests" / victim
    manifest.chmod(0o600)
    manifest.write_bytes(b"damaged")
    held = node.run("prune", "--allow-most", status=3)
    check("an unreadable manifest holds all bytes", "is not known" in held["held"], held["held"])
    check("with it its incremental one is lost", {one["id"] for one in held["damaged"]} == {victim, incremental}, held)
    check("what ends that is told", "bt2c-dr prune --damaged" in held["advice"], held)
    node.run("prune", "--damaged", "--allow-most")
    check("both go when they are told to", node.run("list-backups")["damaged"] == [] and node.ids()[0] == newest
          and incremental not in node.ids())
    check("and nothing is said of them", node.run("repository", "check")["ok"] and not node.run("prune")["damaged"])
    # As earlier versions left it: the full one retired alone.
    (repository / "retired" / incremental).unlink()
    # Killed backups leave packs, which are no fault.
    found = [one for one in node.run("repository", "check", status=3)["findings"] if one["kind"] != "unreferenced"]
    check("the check names what cannot be restored", [(one["object"], one["backups"]) for one in found]
          == [(f"manifests/{victim}", [incremental])], found)
    held = node.run("prune", status=3)
    check("so does a prune", [one["id"] for one in held["damaged"]] == [incremental], held)
    node.run("prune", "--damaged")
    node.run("repository", "check")


def mark_of_a_newer_version(node):
    repository = node.home / "backups" / "repository"
    newest = node.back_up("full")
    forged = bytearray((repository / "manifests" / newest).read_bytes())
    forged[8] = 99
    mark = repository / "retired" / newest
    mark.write_bytes(forged)
    check("a prune waits for somebody", "use a newer bt2c-dr, or remove" in node.run("prune", status=3)["held"])
    # Killed backups leave packs, which are no fault.
    found = [one for one in node.run("repository", "check", status=3)["findings"] if one["kind"] != "unreferenced"]
    check("the check says the same", [one["kind"] for one in found] == ["unknown_version"]
          and "use a newer bt2c-dr, or remove" in found[0]["advice"], found)
    mark.unlink()


def kept_for_an_upgrade(node):
    backup = node.run("upgrade-check", "before")["backup"]
    planned = {one["id"]: one for one in node.run("prune", "--dry-run")["backups"]}[backup]
    check("it is told why it stays", any(reason["rule"] == "upgrade" and "30 days for upgrade-check" in reason["text"]
                                         for reason in planned["reasons"]), planned)
    check("it is not called pinned", all(reason["rule"] != "pinned" for reason in planned["reasons"]), planned)


def pinned_at_the_question(node):
    """The report is of what was done, also where a pin came while somebody was asked."""
    oldest = node.back_up("full")
    node.now += 40 * day
    node.back_up("full")
    environment = {**os.environ, "LD_PRELOAD": clock_library, "BT2C_TEST_CLOCK_SECONDS": str(int(node.now)),
                   "BT2C_HOME": str(node.home)}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(program, [program, "prune"], environment)
    shown = b""
    while b"type 'prune'" not in shown:
        shown += os.read(terminal, 4096)
    node.run("pin", oldest)
    os.write(terminal, b"prune\n")
    try:
        while more := os.read(terminal, 4096):
            shown += more
    except OSError:  # its end, where the terminal is gone
        pass
    check("the prune ends well", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown)
    check("it is there", oldest in node.ids())
    check("and not told as retired", f"{oldest[:8]}  full".encode() not in shown, shown)
    node.run("pin", oldest, "--remove")


def write_only(node):
    node.run("repository", "write-key", "create", "-o", str(node.home / "config" / "repository.write-key"))
    key = node.home / "config" / "repository.key"
    words = key.read_bytes()
    key.unlink()
    node.run("prune", status=5)
    done = node.run("job", "full")
    check("its jobs leave prune out", done is not None)
    (node.home / "config" / "repository.write-key").unlink()
    key.write_bytes(words)
    key.chmod(0o600)


with tempfile.TemporaryDirectory() as name:
    test_node = Node(pathlib.Path(name))
    what_goes_when(test_node)
    killed(test_node, int(os.environ.get("BT2C_TEST_ROUNDS", "80")))
    damaged_manifest(test_node)
    mark_of_a_newer_version(test_node)
    kept_for_an_upgrade(test_node)
    pinned_at_the_question(test_node)
    write_only(test_node)
finish(seed)
