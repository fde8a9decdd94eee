"""[A1] [B1] [R1] The package for Debian: built, installed, used, upgraded, removed and purged by dpkg itself, on a
machine of its own that shares this one's system and changes nothing of it.

usage: package.py CPACK BUILD_FOLDER CHAIN_TOOL
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import machine
from checks import check, finish

cpack, build, chain_tool = sys.argv[1:4]
home = "/var/lib/bt2c"


def tree(folder):
    """All that is below: names, modes, owners, contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        what = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_uid, status.st_gid, what)
    return found


def newer(package, folder):
    """The package again, as a later version with another default configuration."""
    files = folder / "files"
    subprocess.run(["dpkg-deb", "-R", package, files], check=True)
    control = files / "DEBIAN" / "control"
    control.write_text(re.sub("Version: .*", "Version: 99", control.read_text()))
    with open(files / "etc" / "default" / "bt2c-dr", "a") as conffile:
        conffile.write("# what is new\n")
    subprocess.run(["dpkg-deb", "-Zgzip", "--root-owner-group", "-b", files, folder / "newer.deb"], check=True,
                   stdout=subprocess.DEVNULL)
    return folder / "newer.deb"


def what_is_in_it(package):
    fields = subprocess.run(["dpkg-deb", "-f", package], check=True, stdout=subprocess.PIPE, text=True).stdout
    depends = re.search("Depends: (.*)", fields)[1]
    check(f"libraries are found out: {depends}", all(one in depends for one in ("adduser", "libc6 (>= ", "libcurl4 (>= ",
                                                                               "libsqlite3-0 (>= ", "libssh-4 (>= ")))
    version = re.search("Version: (.*)", fields)[1]
    changelog = subprocess.run(["dpkg-parsechangelog", "-l", source / "packaging" / "debian" / "changelog", "-S", "Version"],
                               check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    check(f"the changelog's version is the package's: {changelog}, {version}", changelog == version)
    listed = subprocess.run(["dpkg-deb", "-c", package], check=True, stdout=subprocess.PIPE, text=True).stdout
    check("all of it is root's", all(line.split()[1] == "root/root" for line in listed.splitlines()))
    check("nobody but root may write to it", not re.search(r"^[-d].{4}w|^[-d].{7}w", listed, re.MULTILINE))
    # It is for no archive that has bugs to close.
    told = subprocess.run(["lintian", "--fail-on", "error,warning", "--suppress-tags", "initial-upload-closes-no-bugs",
                           "--allow-root", package], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    check("lintian finds no fault", told.returncode == 0, told)


def as_operator(there, *arguments, **more):
    return there.run("bt2c-dr", *arguments, user="bt2c", BT2C_HOME=home, **more)


def installed(there):
    account = there.run("getent", "passwd", "bt2c").stdout.decode().strip().split(":")
    check(f"a user without a shell: {account}", account[5:] == [home, "/usr/sbin/nologin"] and 0 < int(account[2]) < 1000)
    status = there.path(home).stat()
    check("its home is its own", status.st_mode & 0o7777 == 0o700 and status.st_uid == int(account[2]))
    check("nothing is enabled", not list(there.path("/etc/systemd/system").rglob("bt2c*")))
    told = there.run("bt2c-dr", "--version")
    check("it runs", told.returncode == 0 and told.stdout.startswith(b"bt2c-dr "), told)
    check("the validator runs", there.run("bt2c-node", "--version").returncode == 0)
    for page in ("bt2c-dr", "bt2c-dr-network-pause", "bt2c-dr-agent", "bt2c-node"):
        found = there.run("man", "-w", page)
        check(f"the page of {page} is found", found.stdout.decode().strip() == f"/usr/share/man/man1/{page}.1.gz", found)
    usage = there.run("bt2c-node", "--help").stdout.decode()
    page = there.run("man", "bt2c-node").stdout.decode()
    check("the page of bt2c-node has its options", set(re.findall(r"--[a-z-]+", usage)) <= set(re.findall(r"--[a-z-]+", page)))
    for path in ("bash-completion/completions/bt2c-dr", "zsh/vendor-completions/_bt2c-dr", "fish/vendor_completions.d/bt2c-dr.fish"):
        check(f"{path} is there", there.path(f"/usr/share/{path}").stat().st_size > 1000)
    documents = there.path("/usr/share/doc/bt2c-dr")
    for one in ("changelog.gz", "changelog.Debian.gz", "copyright", "handbook.md", "handbook/package.md"):
        check(f"{one} is there", (documents / one).stat().st_size > 100)
    for page in documents.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)[^)]*\)", page.read_text()):
            check(f"{page.name} names {link}, which is there", (page.parent / link).exists())


def units(there):
    paths = [f"/usr/lib/systemd/system/{name}.service" for name in ("bt2c-dr-agent", "bt2c-node")]
    told = there.run("systemd-analyze", "verify", "--man=yes", *paths)
    check("systemd finds no fault in the units", told.returncode == 0 and told.stderr == b"", told)
    for path in paths:
        # In tenths; up to 2.0 is what systemd calls "OK", with its network left to it.
        told = there.run("systemd-analyze", "security", "--offline=true", "--threshold=16", path)
        check(f"{path} is locked in", told.returncode == 0, told)


def used(there):
    shutil.copy(chain_tool, there.path("/usr/local/bin/bt2c-sample-chain"))
    for name in ("config", "data", "keys"):
        there.run("mkdir", f"{home}/{name}", user="bt2c")
    there.run("sh", "-c", f"echo 'a key' >{home}/keys/validator.pem", user="bt2c")
    made = there.run("bt2c-sample-chain", "create", f"{home}/data/blockchain.db", "--blocks", "200", "--network", "mainnet",
                     user="bt2c")
    check("a chain", made.returncode == 0, made)
    examples = there.path("/usr/share/doc/bt2c-dr/examples/dr.toml").read_text()
    there.path("/tmp/all.toml").write_text(re.sub("^#", "", examples.split("\n\n", 1)[1], flags=re.MULTILINE))
    told = as_operator(there, "--config", "/tmp/all.toml", "setup-automated-backups", "--root", "/tmp", "--dry-run")
    check("every setting of the example is one", told.returncode == 0, told)

    backup = as_operator(there, "--json", "backup")
    check("a backup", backup.returncode == 0, backup)
    listed = as_operator(there, "--json", "list-backups")
    check("is listed", len(json.loads(listed.stdout)["backups"]) == 1, listed)
    before = tree(there.path(f"{home}/keys")), there.path(f"{home}/data/blockchain.db").read_bytes()
    there.run("rm", "-r", f"{home}/data/blockchain.db", f"{home}/keys/validator.pem")
    restored = as_operator(there, "restore", "--backup", "latest")
    check("is restored", restored.returncode == 0
          and (tree(there.path(f"{home}/keys")), there.path(f"{home}/data/blockchain.db").read_bytes()) == before, restored)
    check("proves", as_operator(there, "verify-integrity").returncode == 0)


with tempfile.TemporaryDirectory(prefix="bt2c-package-") as name:
    folder = pathlib.Path(name)
    source = machine.here.parent.parent
    machine.need("adduser", "dpkg-shlibdeps", "lintian", "man", "systemd-analyze", "unshare", "nsenter", "setpriv")
    package = machine.build_package(cpack, build, folder / "first")
    again = machine.build_package(cpack, build, folder / "second")
    check("built again it is the same, byte for byte", package.read_bytes() == again.read_bytes())
    what_is_in_it(package)
    later = newer(package, folder)

    with machine.Machine(systemd=False) as there:
        for one in (package, later):
            shutil.copy(one, there.path("/root"))
        first, second = f"/root/{package.name}", f"/root/{later.name}"
        conffile = there.path("/etc/default/bt2c-dr")
        done = there.run("dpkg", "-i", first)
        check("dpkg installs it", done.returncode == 0, done)
        installed(there)
        units(there)

        done = there.run("dpkg", "-P", "bt2c-dr")
        check("an empty home goes with it", done.returncode == 0 and not there.path(home).exists()
              and b"the user bt2c is left" in done.stdout, done)
        there.run("install", "-d", "-m", "0750", "-o", "bt2c", home)
        check("installed again", there.run("dpkg", "-i", first).returncode == 0)
        check("a home that was there stays as it is", there.path(home).stat().st_mode & 0o7777 == 0o750)
        used(there)

        # What the operator changed outlives upgrades, removal and a new installation.
        conffile.write_text("# mine\n")
        data = tree(there.path(home))
        done = there.run("dpkg", "-i", first)
        check("the same again", done.returncode == 0 and conffile.read_text() == "# mine\n", done)
        done = there.run("dpkg", "--force-confdef", "--force-confold", "-i", second)
        check("a newer one", done.returncode == 0 and conffile.read_text() == "# mine\n"
              and b"what is new" in there.path("/etc/default/bt2c-dr.dpkg-dist").read_bytes(), done)
        done = there.run("dpkg", "--force-confdef", "--force-confold", "-i", first)
        check("and back", done.returncode == 0 and conffile.read_text() == "# mine\n", done)
        check("the home is as it was", tree(there.path(home)) == data)

        timer = there.path("/etc/systemd/system/bt2c-dr-full.timer")
        timer.write_text("[Timer]\nOnCalendar=daily\n")
        done = there.run("dpkg", "-r", "bt2c-dr")
        check("removed", done.returncode == 0 and not there.path("/usr/bin/bt2c-dr").exists()
              and conffile.read_text() == "# mine\n" and tree(there.path(home)) == data, done)
        check("timers that are left are told", b"bt2c-dr-full.timer is still there" in done.stdout, done)
        timer.unlink()
        check("installed again", there.run("dpkg", "-i", first).returncode == 0 and conffile.read_text() == "# mine\n"
              and as_operator(there, "list-backups").returncode == 0)
        done = there.run("dpkg", "-P", "bt2c-dr")
        check("purged, chain, keys and backups are left, and told", done.returncode == 0 and tree(there.path(home)) == data
              and f"{home} is left as it is".encode() in done.stdout, done)
        left = [str(path) for place in ("/etc", "/usr/share", "/usr/bin", "/usr/lib/systemd", "/var/lib/systemd", "/var/lib/dpkg/info")
                for path in there.path(place).rglob("*bt2c*")]
        check(f"nothing else is: {left}", left == [])
        check("dpkg knows nothing of it", there.run("dpkg", "-s", "bt2c-dr").returncode != 0)

finish()
