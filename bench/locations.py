"""Measures full backups into a folder, a real OpenStack Swift (S3) and a real sshd (SFTP), alone and together, and
the peers (rclone, s3cmd, OpenSSH's sftp, cp) bringing the same packs to the same places. Prints Markdown.

usage: locations.py BIN DATABASE FOLDER [ROUNDS]
"""

import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

bin_folder, database, folder = (pathlib.Path(text).resolve() for text in sys.argv[1:4])
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
line_rounds = min(rounds, 3)
places = ["folder", "S3", "SFTP"]
transfers = [2, 4, 8]  # of rclone side by side; the best counts
# To each remote place, where lines are measured: two good uplinks, and as much as a gigabit a second carries.
lines_bytes_per_second = [25_000_000, 50_000_000, 118_000_000]
home, usb, packs = folder / "node", folder / "usb", folder / "packs"
# Settings of Amazon's tools would reach rclone too.
plain_environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
took = {}  # what: [(seconds, its own processor seconds, those of all processes)]


def say(text):
    print(text, file=sys.stderr, flush=True)


class Servers:
    """The test's own servers; their data lies where TMPDIR says."""

    def __init__(self):
        self.process = subprocess.Popen([bin_folder / "remote_servers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench: the servers do not run")
        self.facts = json.loads(line)
        self.sftp_home = pathlib.Path(self.facts["key"]).parent / "home"
        login = urllib.request.Request(self.facts["s3"] + "/auth/v1.0", headers={
            "X-Storage-User": self.facts["access_key"], "X-Storage-Pass": self.facts["secret_key"]})
        with urllib.request.urlopen(login, timeout=60) as answer:
            self.url, self.token = answer.headers["X-Storage-Url"], answer.headers["X-Auth-Token"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)

    def swift(self, method, path, body=None):
        """By Swift's own interface, so that what is measured begins with nothing warm."""
        request = urllib.request.Request(self.url + path, data=body, method=method,
                                         headers={"X-Auth-Token": self.token, "Content-Type": "text/plain"})
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.read().decode()

    def empty(self):
        """An empty bucket and an empty user's home."""
        self.swift("PUT", "/bench")
        names = self.swift("GET", "/bench?limit=10000").split()
        if names:
            self.swift("POST", "?bulk-delete", "\n".join(f"bench/{name}" for name in names).encode())
        for entry in self.sftp_home.iterdir():
            shutil.rmtree(entry)

    def stored_in_s3(self):
        return sum(one["bytes"] for one in json.loads(self.swift("GET", "/bench?format=json&limit=10000")))


def settings(names, line):
    facts = servers.facts
    limit = f"upload_bytes_per_second = {line}\n" if line else ""
    tables = {
        "folder": f'kind = "folder"\npath = "{usb}"\n',
        "S3": f'kind = "s3"\nendpoint = "{facts["s3"]}"\nbucket = "bench"\nprefix = "node"\n{limit}',
        "SFTP": f'kind = "sftp"\nhost = "127.0.0.1"\nport = {facts["port"]}\nuser = "{facts["user"]}"\npath = "node"\n'
                f'key_file = "{facts["key"]}"\nknown_hosts_file = "{facts["known_hosts"]}"\n{limit}'}
    return 'repository = "none"\n[backup]\npatience_seconds = 86400\n' + "".join(
        f'[[location]]\nname = "{name.lower()}"\n{tables[name]}' for name in names)


def start_anew():
    servers.empty()
    for path in (home / "backups", usb):
        shutil.rmtree(path, ignore_errors=True)
    (home / "config/repository.key").unlink(missing_ok=True)
    usb.mkdir()
    os.sync()


def busy_seconds():
    """Of all processors together, without what they waited."""
    user, nice, system, _, _, interrupts, soft = map(int, pathlib.Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def measure(what, command, environment):
    """Runs it once; returns what it printed."""
    before, busy, begin = resource.getrusage(resource.RUSAGE_CHILDREN), busy_seconds(), time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**plain_environment, **environment})
    seconds, busy, after = time.monotonic() - begin, busy_seconds() - busy, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"bench: this failed: {command}\n{done.stdout}{done.stderr}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    took.setdefault(what, []).append((seconds, processor, busy))
    say(f"{what:28} {seconds:8.2f} s, {processor:.2f} s of processor time")
    return done.stdout


def back_up(what, names, line=0):
    """The bytes that each place got."""
    start_anew()
    (home / "config/dr.toml").write_text(settings(names, line))
    printed = measure(what, [bin_folder / "bt2c-dr", "--home", home, "--quiet", "--json", "backup"],
                      {"AWS_ACCESS_KEY_ID": servers.facts["access_key"],
                       "AWS_SECRET_ACCESS_KEY": servers.facts["secret_key"]})
    return json.loads(printed)["stored_bytes"]


def rclone(what, count, *more):
    start_anew()
    measure(what, ["rclone", "copy", packs, "peer:bench/node/packs", "--transfers", str(count), "--s3-no-check-bucket",
                   "--s3-upload-cutoff", "256M", "--no-check-dest", *more], {
            "RCLONE_CONFIG": "", "RCLONE_CONFIG_PEER_TYPE": "s3", "RCLONE_CONFIG_PEER_PROVIDER": "Other",
            "RCLONE_CONFIG_PEER_ENDPOINT": servers.facts["s3"], "RCLONE_CONFIG_PEER_REGION": "us-east-1",
            "RCLONE_CONFIG_PEER_ACCESS_KEY_ID": servers.facts["access_key"],
            "RCLONE_CONFIG_PEER_SECRET_ACCESS_KEY": servers.facts["secret_key"]})
    if servers.stored_in_s3() != packs_bytes:
        sys.exit("bench: rclone did not bring all packs")


def s3cmd():
    start_anew()
    host = servers.facts["s3"].split("//")[1]
    settings_file = folder / "s3cmd"
    settings_file.write_text(f'[default]\naccess_key = {servers.facts["access_key"]}\nsecret_key = {servers.facts["secret_key"]}\n'
                             f"host_base = {host}\nhost_bucket = {host}\nuse_https = False\n")
    measure("s3cmd", ["s3cmd", "-c", settings_file, "put", "--quiet", "--no-progress", "--disable-multipart", *packs.iterdir(),
                      "s3://bench/node/packs/"], {})
    if servers.stored_in_s3() != packs_bytes:
        sys.exit("bench: s3cmd did not bring all packs")


def sftp():
    start_anew()
    facts, batch = servers.facts, folder / "sftp.batch"
    batch.write_text("mkdir node\n" + f"put {packs}/* node/\n")
    measure("sftp", ["sftp", "-q", "-b", batch, "-P", str(facts["port"]), "-i", facts["key"], "-o", "IdentitiesOnly=yes", "-o",
                     f'UserKnownHostsFile={facts["known_hosts"]}', "-o", f'User={facts["user"]}', "127.0.0.1"], {})
    if sum(path.stat().st_size for path in (servers.sftp_home / "node").iterdir()) != packs_bytes:
        sys.exit("bench: sftp did not bring all packs")


def cp():
    start_anew()
    measure("cp", ["cp", "-r", packs, usb], {})


def median(what, column=0):
    return statistics.median(one[column] for one in took[what])


def row(what, stored, name=None):
    print(f"| {name or what} | {median(what):.2f} | {stored / median(what) / 1e6:.0f} | {median(what, 1):.2f} | "
          f"{median(what, 2):.2f} |")


def goal(what, value, at_least, bound):
    good = value >= bound if at_least else value <= bound
    print(f"| {what} | {value:.2f} | {'≥' if at_least else '≤'} {bound} | {'met' if good else 'missed'} |")


def by_line(name, line):
    return f"{name}, by lines of {line // 1_000_000} MB/s"


for name in ("data", "config"):
    (home / name).mkdir(parents=True)
os.link(database, home / "data/blockchain.db")
load_before = os.getloadavg()
with Servers() as servers:
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}")
        stored = back_up("folder", ["folder"])
        if turn == 0:  # the objects that the peer brings: the very packs, in one folder
            packs.mkdir()
            for path in (usb / "packs").rglob("*"):
                if path.is_file():
                    os.link(path, packs / path.name)
            packs_bytes = sum(path.stat().st_size for path in packs.iterdir())
        for name in places[1:]:
            back_up(name, [name])
        back_up("all three", places)
        for count in transfers:
            rclone(f"rclone, {count} at a time", count, "--s3-no-head", "--s3-disable-checksum")
        rclone("rclone, checked", 4)
        s3cmd()
        sftp()
        cp()
    for turn in range(line_rounds):
        say(f"by lines, round {turn + 1} of {line_rounds}")
        for line in lines_bytes_per_second:
            for name in places[1:]:
                back_up(by_line(name, line), [name], line)
            back_up(by_line("all three", line), places, line)

slowest = max(places, key=median)
peers = {f"rclone, {count} at a time": f"rclone copy to S3, {count} at a time" for count in transfers}
peers["rclone, checked"] = "rclone copy to S3, 4 at a time, which looks whether they arrived"
peer = min(peers, key=median)
loads = [", ".join(f"{one:.2f}" for one in load) for load in (load_before, os.getloadavg())]
columns = "\n| | time, s | MB/s | its processor time, s | of all processes, s |\n|---|---|---|---|---|"
print(f"- Load of the machine (1, 5 and 15 minutes): {loads[0]} before, {loads[1]} after.")
print(f"- Medians of {rounds} rounds, all one after the other in each round; before each command the places were emptied "
      "and what was unwritten was written (`sync`). MB/s are those that one place got. rclone uploads the "
      f"{len(list(packs.iterdir()))} packs ({packs_bytes / 1e6:.0f} MB) of the backup, already sealed, without looking "
      "whether they arrived unless it says so; bt2c-dr reads, compresses and seals the database, and looks before and "
      "after each object.")
print(columns)
for name in places:
    row(name, stored, f"**bt2c-dr** backup, {name} alone")
row("all three", stored, "**bt2c-dr** backup, all three")
for what, name in peers.items():
    row(what, packs_bytes, name)
row("s3cmd", packs_bytes, "s3cmd put to S3, one at a time")
row("sftp", packs_bytes, "OpenSSH's sftp put to SFTP")
row("cp", packs_bytes, "cp to the folder, which waits for no disk")
print(f"\nOnce more, medians of {line_rounds} rounds, every remote place behind a line of its own (`upload_bytes_per_second`), so "
      "that the machine on which all of them run does not decide:")
print(columns)
for line in lines_bytes_per_second:
    for name in places[1:] + ["all three"]:
        row(by_line(name, line), stored, f"**bt2c-dr** backup, {by_line(name, line)}")
print("\n| goal | measured | | |\n|---|---|---|---|")
goal(f"all three: time, of the slowest's alone ({slowest})", median("all three") / median(slowest), False, 1.15)
for line in lines_bytes_per_second:
    alone = max(median(by_line(place, line)) for place in places[1:])
    goal(by_line("the same", line), median(by_line("all three", line)) / alone, False, 1.15)
goal(f"S3: bytes a second, of rclone's best ({peer.split(', ')[1]})",
     (stored / median("S3")) / (packs_bytes / median(peer)), True, 0.8)
goal("the same, of s3cmd's", (stored / median("S3")) / (packs_bytes / median("s3cmd")), True, 0.8)
