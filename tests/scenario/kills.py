"""[N1] [N2] kill -9 of any process at any time: validators, agents, the members of an etcd cluster, whoever gives orders or makes
transfers.

A hundred rounds, each with one to three victims, some of which stay dead for a while; then all are started, and
every invariant is checked: one chain, no validator with two signatures for one height, chains that prove, logs that
verify, states as the newest order wants them and, after a resume, as they were before the first pause.

usage: kills.py PROGRAM NODE_PROGRAM
"""

import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

import network_lab
from checks import check, failures, finish
from devnet_lab import Devnet, node_program, program, run, until

rounds = int(os.environ.get("BT2C_TEST_ROUNDS", "100"))
seed = int(os.environ.get("BT2C_TEST_SEED", str(random.randrange(1 << 32))))
random.seed(seed)
network_lab.network = "devnet"


class Process:
    """Something that is started, killed, and started again."""

    def __init__(self, name, command, log, environment=None):
        self.name, self.command, self.log, self.environment = name, command, log, environment
        self.process, self.kills = None, 0

    def start(self):
        with open(self.log, "ab") as log:
            self.process = network_lab.spawn(self.command, log, env={**os.environ, **(self.environment or {})})

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.alive():
            network_lab.end(self.process)
            self.kills += 1


class EtcdProcess:
    def __init__(self, etcd):
        self.name, self.etcd, self.kills = f"etcd {etcd.name}", etcd, 0

    def start(self):
        self.etcd.begin()

    def alive(self):
        return self.etcd.process.poll() is None

    def kill(self):
        self.etcd.kill()
        self.kills += 1


class Network:
    def __init__(self, net, members, folder):
        self.net, self.folder, self.commands, self.given = net, folder, [], 0
        self.services = [EtcdProcess(etcd) for etcd in members]
        self.etcd = members[0]
        self.signer = {"BT2C_SIGNER_PASSWORD_FILE": str(net.folder / "operator-password")}
        for index, node in enumerate(net.nodes):
            home = str(net.home(index))
            self.services.append(Process(node["name"], [node_program, "--home", home, "run"], net.home(index) / "node.log"))
            self.services.append(Process(f"agent of {node['name']}",
                                         [program, "--home", home, "agent", "--settle-seconds", "1"],
                                         net.home(index) / "agent.log"))

    def order(self, *arguments):
        return Process("order", [program, "--home", str(self.net.home(0)), "--json", "network", *arguments, "--as",
                                 "operator", "--watch", "0"], self.folder / "orders.log", self.signer)

    def give_some_command(self):
        self.commands = [command for command in self.commands if command.alive()]
        if random.random() < 0.4 and not any(command.name == "order" for command in self.commands):
            known = self.net.query(0, "select 1 from sqlite_master where name = 'network_pauses'")
            paused = known and self.net.query(0, "select 1 from network_pauses")
            arguments = ["resume"] if paused else ["pause", "--for", "10m"]
            if paused and random.random() < 0.7:
                arguments += ["--force", "--reason", "a test of kills"]
            self.commands.append(self.order(*arguments, "--timeout", "2"))
            self.commands[-1].start()
            self.given += 1
        if len(self.commands) < 2:
            self.commands.append(Process("transfers", [program, "devnet", "tx", "--count", "5", "--no-wait", "--dir",
                                                       str(self.net.folder)], self.folder / "transfers.log"))
            self.commands[-1].start()

    def kill_some(self):
        for victim in random.sample(self.services + self.commands, random.randint(1, 3)):
            time.sleep(random.uniform(0, 0.4))
            victim.kill()
        time.sleep(random.uniform(0, 0.5))
        for service in self.services:
            if not service.alive() and random.random() < 0.9:
                service.start()

    def everything_up(self):
        for command in self.commands:
            command.kill()
        for service in self.services:
            if not service.alive():
                service.start()
        check("etcd is back", until(self.etcd.healthy, 30))
        check("all nodes are back", until(lambda: min(self.net.heights()) >= 0, 30), self.net.heights())

    def finish(self, what, *arguments):
        """An order that all obey, given as often as it takes until everybody is ready."""
        done = None

        def obeyed():
            nonlocal done
            done = subprocess.run(self.order(*arguments, "--timeout", "10").command, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                                  env={**os.environ, **self.signer})
            return done.returncode == 0
        check(what, until(obeyed, 90), done)


def invariants(network, before):
    net = network.net
    nodes = range(len(net.nodes))
    # What the newest order says holds on every node, before anything else is ordered.
    orders = {int(name): json.loads(text) for name, text in network.etcd.range("to-nodes/orders").items()}
    newest = max(orders)
    wanted = "INACTIVE" if orders[newest]["action"] == "pause" else "ACTIVE"
    for index in nodes:
        check(f"node {index + 1} has obeyed order {newest}",
              until(lambda: net.query(index, "select max(sequence) from network_orders") == [(newest,)], 30),
              net.query(index, "select sequence, action from network_orders order by 1 desc limit 3"))
        check(f"the validators of node {index + 1} are {wanted}", {row[1] for row in net.statuses(index)} == {wanted},
              net.statuses(index))
    check("pauses and resumes were among the orders", {"pause", "resume"} == {one["action"] for one in orders.values()})

    network.finish("a last pause", "pause", "--reason", "the end")
    for index in nodes:
        check("all are INACTIVE", {row[1:3] for row in net.statuses(index)} == {("INACTIVE", 0)}, net.statuses(index))
    heights = net.heights()
    time.sleep(3)
    check("nobody makes a block while paused", net.heights() == heights, (heights, net.heights()))
    network.finish("a last resume", "resume")
    check("blocks again on all nodes", until(lambda: min(net.heights()) > max(heights) + 3, 60), net.heights())
    for index in nodes:
        check("each validator is as before", net.statuses(index) == before, (net.statuses(index), before))
    low = min(net.heights())
    check("blocks were made in between", low > rounds // 20, low)
    for height in range(1, low + 1):
        check(f"one block at height {height}", until(lambda: net.agree(height), 5))
    check("no two signatures", net.no_double_signature())
    for index in nodes:
        home = net.home(index)
        check("a signer's lock was not needed", not (home / "network" / "signing-lock.json").exists())
        verified = run("--home", home, "verify-integrity")
        check(f"the chain of node {index + 1} proves", verified.returncode == 0, verified)
        audited = run("--home", home, "network", "audit", "--verify")
        check(f"the log of node {index + 1} verifies", audited.returncode == 0, audited)
    print(f"{low} blocks, {len(orders)} orders of {network.given} given, kills: "
          + ", ".join(f"{service.name} {service.kills}" for service in network.services))


def main(folder):
    members = network_lab.etcd_cluster(folder, 3)
    net = Devnet(folder / "net", "--validators", "4", "--block-time", "1", "--control-plane",
                 ",".join(etcd.url for etcd in members), "--no-start")
    with net:
        network = Network(net, members, folder)
        for service in network.services[len(members):]:
            service.start()
        check("blocks", until(lambda: min(net.heights()) >= 2, 90), net.heights())
        before = net.statuses(0)
        for _ in range(rounds):
            network.give_some_command()
            network.kill_some()
        network.everything_up()
        invariants(network, before)
        for service in network.services[len(members):]:
            service.kill()
        if failures:
            for name in ("orders.log", "transfers.log"):
                print(f"--- {name}\n{(folder / name).read_text()[-3000:]}")


with tempfile.TemporaryDirectory() as name:
    try:
        main(pathlib.Path(name))
    finally:
        network_lab.end_all()
finish(seed)
