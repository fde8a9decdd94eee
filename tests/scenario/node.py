"""[N1] A network of four real validators on loopback: blocks, a kill, a stop, a pause, a second start.

usage: node.py PROGRAM MAKE_NETWORK
"""

import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from checks import check, failures, finish, free_ports

program, make_network = sys.argv[1], sys.argv[2]


def until(holds, patience=60):
    """Whether it comes to hold in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


class Node:
    def __init__(self, home, rest):
        self.home, self.rest, self.process = home, rest, None

    def start(self, **environment):
        self.log = open(self.home / "log", "ab")
        self.process = subprocess.Popen([program, "--home", str(self.home), "run"], stdout=self.log,
                                        stderr=self.log, env={**os.environ, **environment})

    def end(self, number):
        self.process.send_signal(number)
        status = self.process.wait(timeout=20)
        self.log.close()
        return status

    def ask(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.rest}{path}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return json.loads(error.read())
        except (OSError, ValueError):
            return {}

    def height(self):
        return self.ask("/blockchain/status").get("height", -1)

    def hash_at(self, height):
        return self.ask(f"/blockchain/blocks/{height}").get("hash")

    def text(self):
        return (self.home / "log").read_text()


def agree(nodes, height):
    hashes = {node.hash_at(height) for node in nodes}
    return len(hashes) == 1 and None not in hashes


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    ports = free_ports(8)
    subprocess.run([make_network, str(folder), "1", "false", *(f"{ports[2 * i]}:{ports[2 * i + 1]}"
                                                               for i in range(4))], check=True)
    nodes = [Node(folder / f"node-{i + 1}", ports[2 * i + 1]) for i in range(4)]
    first = nodes[0]
    try:
        waiting = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        waiting.bind(str(folder / "notify"))
        waiting.settimeout(30)
        first.start(NOTIFY_SOCKET=str(folder / "notify"))
        check("the service manager is told", waiting.recv(100) == b"READY=1")
        check("alone it makes no blocks", until(lambda: first.ask("/network/status").get("abstained") == "minority"))
        for node in nodes[1:]:
            node.start()
        check("all make blocks", until(lambda: min(node.height() for node in nodes) >= 6))
        check("all have the same", agree(nodes, 6))
        made_by = {first.ask(f"/blockchain/blocks/{height}").get("validator") for height in range(1, 7)}
        check("not one alone makes them", len(made_by) > 1)

        second = subprocess.run([program, "--home", str(first.home), "run"], stderr=subprocess.PIPE, timeout=60)
        check("a second node on a home is refused", second.returncode == 4 and b"another one runs" in second.stderr)

        # The interface.
        status = first.ask("/blockchain/status")
        check("status", status.get("status") == "online" and status["network"] == "devnet"
              and status["validators"] == 4 and status["peers"] == 3
              and set(status["latest_block"]) == {"hash", "timestamp", "transactions"})
        block = first.ask("/blockchain/blocks/3")
        check("a block", block.get("index") == 3 and block["transaction_count"] == 1
              and block["transactions"][0]["amount"] == 21.0
              and block["previous_hash"] == first.hash_at(2)
              and first.ask("/blockchain/blocks/" + block["hash"])["index"] == 3)
        validators = first.ask("/blockchain/validators")
        check("validators", validators.get("total_validators") == 4 and validators["total_stake"] == 400.0)
        one = validators["validators"][0]["address"]
        check("a validator", first.ask(f"/blockchain/validator/{one}").get("stake") == 100.0)
        check("peers", {peer["name"] for peer in first.ask("/network/peers")["peers"]} ==
              {"node-2", "node-3", "node-4"})
        check("what is not there", first.ask("/blockchain/blocks/999999").get("error") == "there is no such block"
              and "nothing" in first.ask("/elsewhere").get("error", ""))
        check("a bad transaction", first.ask("/blockchain/transaction", b"{}").get("status") == "error")
        with urllib.request.urlopen(f"http://127.0.0.1:{first.rest}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        check("metrics", "# TYPE bt2c_node_height gauge\n" in metrics and "bt2c_node_peers 3\n" in metrics
              and "bt2c_node_paused 0\n" in metrics)

        # One is killed, the others go on, and it comes back.
        last = nodes[3]
        last.end(signal.SIGKILL)
        before = first.height()
        check("the others go on", until(lambda: first.height() >= before + 4))
        last.start()
        check("it has what it missed", until(lambda: last.height() >= before + 4) and
              agree(nodes, before + 4))
        check("and takes part", until(lambda: "made block" in last.text().rsplit(" begins on ", 1)[-1]))
        check("it is no twin of itself", not any((node.home / "network" / "signing-lock.json").exists()
                                                 for node in nodes))

        # A graceful stop.
        begin = time.monotonic()
        check("a stop is no failure", last.end(signal.SIGTERM) == 0 and time.monotonic() - begin < 2)
        check("it says goodbye", until(lambda: "node-4 at" in first.text() and "it is shut down" in first.text()))
        last.start()

        # A pause, as an operator of one node would write it: that node stops, and says so.
        database = sqlite3.connect(first.home / "data" / "blockchain.db", timeout=10)
        database.execute("create table if not exists network_status (id integer primary key, status text not null, "
                         "reason text, timestamp real not null, network_type text not null)")
        database.execute("insert into network_status (status, reason, timestamp, network_type) "
                         "values ('PAUSED', 'test', ?, 'devnet')", (time.time(),))
        database.commit()
        check("a pause is seen", until(lambda: first.ask("/network/status").get("paused") is True))
        check("and told to the peers", until(lambda: any(peer["paused"] for peer in
                                                         nodes[1].ask("/network/peers")["peers"])))
        paused_at = first.height()
        check("the others go on", until(lambda: nodes[1].height() >= paused_at + 3))
        check("it takes no block", first.height() == paused_at)
        database.execute("insert into network_status (status, reason, timestamp, network_type) "
                         "values ('ACTIVE', 'test', ?, 'devnet')", (time.time(),))
        database.commit()
        database.close()
        check("it catches up", until(lambda: first.height() >= paused_at + 3) and agree(nodes, paused_at + 3))

        heights = [node.height() for node in nodes]
        check("all have the same at the end", until(lambda: agree(nodes, min(heights))))
    finally:
        for node in nodes:
            if node.process and node.process.poll() is None:
                node.process.kill()
                node.process.wait()
        if failures:
            for node in nodes:
                print(f"--- {node.home.name}\n{node.text()[-4000:]}")

finish()
