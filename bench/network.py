"""Measures a network of ten validators at one block a second with a real etcd: orders to pause and resume it, and
how fast a fresh node syncs. Prints Markdown.

usage: network.py BIN FOLDER [ROUNDS] [BLOCKS]
"""

import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request
from datetime import datetime

bin_folder, folder = (pathlib.Path(text).resolve() for text in sys.argv[1:3])
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 25
blocks = int(sys.argv[4]) if len(sys.argv) > 4 else 20_000
program = bin_folder / "bt2c-dr"
validators, block_time_s = 10, 1
load_before = os.getloadavg()


def say(text):
    print(text, file=sys.stderr, flush=True)


def ask(url, path):
    try:
        with urllib.request.urlopen(url + path, timeout=10) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError):
        return {}


def until(holds, patience=120, turn=0.02):
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("the network does not do what it should; look into " + str(folder))
        time.sleep(turn)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def query(home, sql):
    database = sqlite3.connect(home / "data" / "blockchain.db", timeout=10)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def run(*arguments, **options):
    return subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.PIPE, **options).stdout


class Etcd:
    def __enter__(self):
        port, peer_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["etcd", "--data-dir", folder / "etcd", "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
             "--listen-peer-urls", f"http://127.0.0.1:{peer_port}", "--initial-advertise-peer-urls",
             f"http://127.0.0.1:{peer_port}", "--initial-cluster", f"default=http://127.0.0.1:{peer_port}",
             "--logger", "zap", "--log-outputs", folder / "etcd.log"])
        until(lambda: ask(self.url, "/health").get("health") in ("true", True))
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()


class Order:
    """One that was sent by a command, with the times at which its acknowledgements were seen."""

    def __init__(self, net, *arguments):
        began = time.time()
        command = subprocess.Popen(
            [program, "--home", net / "node-1", "network", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "BT2C_SIGNER_PASSWORD_FILE": str(net / "operator-password")})
        seen, told = [], []
        for line in command.stderr:
            told.append(line)
            if "has obeyed" in line:
                seen.append(time.time())
        if command.wait() != 0 or len(seen) != validators:
            raise SystemExit(f"an order failed: {arguments}\n" + "".join(told))
        sent = [json.loads(line) for line in (net / "node-1" / "network" / "audit.jsonl").open()]
        order = json.loads([entry for entry in sent if entry["event"] == "order_sent"][-1]["order"])
        self.at = datetime.fromisoformat(order["signatures"][0]["signed_at"].replace("Z", "+00:00")).timestamp()
        self.last_answer_s = max(seen) - self.at
        self.preparation_s = self.at - began


def measure_orders():
    net = folder / "ten"
    answers, late, first, preparations = [], [], [], []
    with Etcd() as etcd:
        begin = time.monotonic()
        nodes = json.loads(run("--json", "--quiet", "devnet", "up", "--validators", validators, "--block-time", block_time_s,
                               "--control-plane", etcd.url, "--dir", net))["nodes"]
        up_s = time.monotonic() - begin
        homes = [pathlib.Path(node["home"]) for node in nodes]
        try:
            for number in range(rounds):
                until(lambda: run("--quiet", "devnet", "tx", "--count", 20, "--no-wait", "--dir", net) is not None)
                height = ask(nodes[0]["rest_url"], "/blockchain/status")["height"]
                until(lambda: ask(nodes[0]["rest_url"], "/blockchain/status").get("height", 0) >= height + 2)
                time.sleep(random.random() * block_time_s)  # orders come at any moment between two blocks
                pause = Order(net, "pause", "--watch", "1")
                tops = [query(home, "select max(height), max(timestamp) from blocks")[0] for home in homes]
                resume = Order(net, "resume")
                top = max(height for height, _ in tops)
                newer = f"select min(timestamp) from blocks where height = {top + 1}"
                until(lambda: all(query(home, newer)[0][0] for home in homes))
                answers.append(pause.last_answer_s)
                late.append(max(timestamp for _, timestamp in tops) - pause.at)
                first.append(min(query(home, newer)[0][0] for home in homes) - resume.at)
                preparations.append(resume.preparation_s)
                say(f"round {number + 1}: answered in {answers[-1]:.3f} s, newest block {late[-1]:+.3f} s after the order, "
                    f"first block {first[-1]:.2f} s after the resume")
        finally:
            run("--quiet", "devnet", "down", "--remove", "--dir", net)
    return up_s, answers, late, first, preparations


def measure_sync():
    net = folder / "long"
    say(f"making a chain of {blocks} blocks")
    subprocess.run([bin_folder / "bt2c-bench-chain", net, str(blocks)], check=True)
    ports = [node["rest_port"] for node in json.loads((net / "devnet.json").read_text())["nodes"]]
    processes = []

    def height(index):
        return ask(f"http://127.0.0.1:{ports[index]}", "/blockchain/status").get("height", -1)

    try:
        for index in (0, 1):
            log = (net / f"node-{index + 1}" / "node.log").open("wb")
            processes.append(subprocess.Popen([bin_folder / "bt2c-node", "--home", net / f"node-{index + 1}", "run"],
                                              stdout=log, stderr=log))
            until(lambda: height(index) >= 0, turn=0.005)
        begin = time.monotonic()
        start = height(1)
        until(lambda: height(1) >= blocks, patience=600, turn=0.02)
        return (blocks - start) / (time.monotonic() - begin)
    finally:
        for process in processes:
            process.kill()
            process.wait()
        shutil.rmtree(net)


def row(what, value, goal, met):
    print(f"| {what} | {value} | {goal} | {'met' if met else 'missed'} |")


up_s, answers, late, first, preparations = measure_orders()
rate = measure_sync()
print(f"- Load of the machine (1, 5 and 15 minutes): {', '.join(f'{x:.2f}' for x in load_before)} before, "
      f"{', '.join(f'{x:.2f}' for x in os.getloadavg())} after.")
print(f"- {validators} validators with their agents, blocks of {block_time_s} s, up {up_s:.1f} s after the command; "
      f"{rounds} pauses and resumes, with transfers before each.")
print("- Counted from the time that the order's signature bears; opening the signer's key, slow on purpose, comes after "
      "that. An acknowledgement counts when the command shows it. Before its signature a resume's command proved the chain, "
      f"in {statistics.median(preparations):.2f} s.")
print("\n| | measured | goal | |\n|---|---|---|---|")
row("pause: the last of ten has acknowledged, median, s", f"{statistics.median(answers):.3f}", "< 1",
    statistics.median(answers) < 1)
row("pause: the same, worst, s", f"{max(answers):.3f}", "", max(answers) < 1)
row("pause: newest block on any node after the order, worst, block times", f"{max(late) / block_time_s:+.3f}", "≤ 1",
    max(late) <= block_time_s)
row("resume: first block, median, block times", f"{statistics.median(first) / block_time_s:.2f}", "< 3",
    statistics.median(first) < 3 * block_time_s)
row("resume: the same, worst", f"{max(first) / block_time_s:.2f}", "< 3", max(first) < 3 * block_time_s)
row(f"a fresh node syncs {blocks} blocks of one transfer each, blocks a second", f"{rate:.0f}", "≥ 2000", rate >= 2000)
