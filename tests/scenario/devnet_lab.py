"""What scenarios of networks made by 'devnet up' share. Their arguments: PROGRAM NODE_PROGRAM."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request

from checks import check, failures

program, node_program = sys.argv[1], sys.argv[2]


def until(holds, patience=60):
    """Whether it comes to hold in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def run(*arguments, patience=150):
    return subprocess.run([program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=patience)


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Devnet:
    """One that is down when it is left, whatever happened."""

    def __init__(self, folder, *options):
        self.folder, self.options, self.extra = folder, options, []

    def __enter__(self):
        self.up(*self.options)
        return self

    def __exit__(self, *exception):
        if failures or exception[0]:
            for log in sorted(self.folder.glob("node-*/*.log")):
                print(f"--- {log}\n{log.read_text()[-1500:]}")
        for process in self.extra:
            process.kill()
            process.wait()
        if (self.folder / "devnet.json").exists():
            pids = self.pids()
            down = run("devnet", "down", "--remove", "--dir", self.folder)
            check("down ends well", down.returncode == 0 and not self.folder.exists(), down)
            check("down leaves no process", not any(map(runs, pids)))

    def up(self, *options):
        done = run("--json", "devnet", "up", "--dir", self.folder, *options)
        check("up ends well", done.returncode == 0, done)
        self.nodes = json.loads(done.stdout).get("nodes", [])
        return done

    def state(self):
        return json.loads((self.folder / "devnet.json").read_text())

    def pids(self):
        return [mark["pid"] for node in self.state()["nodes"] for mark in (node["node"], node["agent"]) if mark]

    def kill(self, index, what="node", number=signal.SIGKILL):
        pid = self.state()["nodes"][index][what]["pid"]
        os.kill(pid, number)
        check("it ends", until(lambda: not runs(pid), 20))

    def home(self, index):
        return pathlib.Path(self.nodes[index]["home"])

    def ask(self, index, path):
        try:
            with urllib.request.urlopen(self.nodes[index]["rest_url"] + path, timeout=10) as answer:
                return json.loads(answer.read())
        except (OSError, ValueError):
            return {}

    def height(self, index):
        return self.ask(index, "/blockchain/status").get("height", -1)

    def heights(self):
        return [self.height(index) for index in range(len(self.nodes))]

    def network(self, *arguments):
        return run("--json", "--home", self.home(0), "network", *arguments)

    def query(self, index, sql):
        database = sqlite3.connect(self.home(index) / "data" / "blockchain.db", timeout=10)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def statuses(self, index):
        return self.query(index, "select address, status, is_active, stake from validators order by address")

    def start_twin(self, home, index):
        """A second process with the key of that node, on ports of its own."""
        settings = (home / "config" / "node.toml").read_text()
        for key in ("peer_port", "rest_port"):
            settings = settings.replace(f'"127.0.0.1:{self.state()["nodes"][index][key]}"', '"127.0.0.1:0"')
        (home / "config" / "node.toml").write_text(settings)
        with open(home / "log", "ab") as log:
            self.extra.append(subprocess.Popen([node_program, "--home", str(home), "run"], stdout=log, stderr=log))

    def agree(self, height):
        hashes = {self.ask(index, f"/blockchain/blocks/{height}").get("hash") for index in range(len(self.nodes))}
        return len(hashes) == 1 and None not in hashes

    def no_double_signature(self, *more_homes):
        """Of all headers that any node has seen, no two differ for one validator and height."""
        seen = {}
        for home in [self.home(index) for index in range(len(self.nodes))] + list(more_homes):
            database = sqlite3.connect(home / "data" / "blockchain.db", timeout=10)
            rows = database.execute("select validator, height, hash from node_headers union "
                                    "select n.validator, b.height, n.hash from node_blocks n join blocks b "
                                    "on b.hash = n.hash").fetchall()
            cases = database.execute("select count(*) from node_evidence").fetchone()[0]
            database.close()
            if cases or not rows:
                return False
            for validator, height, block in rows:
                if seen.setdefault((validator, height), block) != block:
                    return False
        return True
