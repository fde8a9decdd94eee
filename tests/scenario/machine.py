"""A machine to install packages on, which goes away in the end: machine.sh. As root."""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).parent
search_path = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def skip(reason):
    """Ends the test: a skip on a developer's machine, a failure where every tool is installed."""
    print(f"skipped: {reason}")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def need(*tools):
    if os.geteuid() != 0:
        skip("only root can make namespaces with mounts of their own")
    for tool in tools:
        if not shutil.which(tool, path=search_path):
            skip(f"{tool} is not installed")


def children(pid):
    try:
        return [int(one) for one in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Machine:
    """With `systemd` it boots systemd; else its first process only waits."""

    def __init__(self, systemd):
        self.folder = tempfile.TemporaryDirectory(prefix="bt2c-machine-")
        self.log = open(pathlib.Path(self.folder.name).with_suffix(".log"), "w+b")
        os.unlink(self.log.name)
        self.shell = subprocess.Popen(
            ["unshare", "--mount", str(here / "machine.sh"), self.folder.name, "systemd" if systemd else "plain"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL))
        self.first = None
        deadline = time.monotonic() + 60
        while not self.is_up(systemd):
            if self.shell.poll() is not None or time.monotonic() > deadline:
                self.stop()
                self.log.seek(0)
                skip("no machine can be made here: " + self.log.read().decode(errors="replace"))
            time.sleep(0.05)

    def is_up(self, systemd):
        if self.first is None:
            for unshare in children(self.shell.pid):
                for first in children(unshare):
                    if pathlib.Path(f"/proc/{first}/root/run/machine").exists():
                        self.first = first
        if self.first is None or not systemd:
            return self.first is not None
        return self.run("systemctl", "is-system-running").stdout.strip() in (b"running", b"degraded")

    def path(self, path):
        """Where a file of the machine is for this process."""
        return pathlib.Path(f"/proc/{self.first}/root{path}")

    def run(self, *command, user=None, timeout=120, **variables):
        as_user = ["runuser", "-u", user, "--"] if user else []
        environment = [f"{name}={value}" for name, value in
                       {"PATH": search_path, "LC_ALL": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive",
                        **variables}.items()]
        return subprocess.run(["nsenter", "-t", str(self.first), "-a", "env", "-i", *environment, *as_user, *command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)

    def stop(self):
        self.shell.send_signal(signal.SIGTERM)
        try:
            self.shell.wait(30)
        except subprocess.TimeoutExpired:
            self.shell.kill()
            self.shell.wait()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def build_package(cpack, build, folder):
    """The package from what a build has made."""
    made = subprocess.run([cpack, "--config", f"{build}/CPackConfig.cmake", "-B", str(folder)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    packages = list(folder.glob("*.deb"))
    if made.returncode != 0 or len(packages) != 1:
        print(made.stdout.decode())
        sys.exit("failed: the package is not built")
    return packages[0]
