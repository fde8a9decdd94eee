"""[B1] [R1] Backups and restores of homes and repositories that are not as they should be, with the real program.

usage: restore.py PROGRAM CHAIN_TOOL
"""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import threading

from checks import check, finish, run_json, small_disk

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])


def run(home, *arguments):
    return run_json(program, home, *arguments)


def told(home, *arguments):
    """What it prints for people."""
    return subprocess.run([program, "--home", str(home), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def chain(*arguments):
    subprocess.run([chain_tool, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, timeout=60)


def make_home(folder):
    home = folder / "home"
    for part in ("data", "config", "keys"):
        (home / part).mkdir(parents=True)
    chain("create", home / "data" / "blockchain.db", "--blocks", "20")
    (home / "keys" / "wallet.json").write_text('{"address": "bt2c_one"}\n')
    return home


def a_file_that_changes_while_it_is_read(folder):
    home, target = make_home(folder), folder / "target"
    file, size = home / "config" / "state", 8 << 20
    file.write_bytes(bytes(size))
    stop = threading.Event()

    def rewrite():
        count = 0
        with open(file, "r+b", buffering=0) as out:
            while not stop.is_set():
                count += 1
                out.seek(0)
                out.write(bytes([count % 256]) * size)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        made = [run(home, "backup", "--type", kind) for kind in ("full", "incremental", "incremental")]
    finally:
        stop.set()
        writer.join()
    for backup in made:
        check("a backup of a file that changes", backup.returncode == 0, backup)
        restored = run(home, "restore", "--backup", backup.document["id"], "--target", target)
        check("can be restored", restored.returncode == 0 and (target / "config" / "state").stat().st_size == size, restored)
    checked = run(home, "repository", "check", "--read-data")
    check("and is sound", checked.returncode == 0, checked)


def a_repository_that_takes_nothing(folder):
    home = make_home(folder)
    database, disk = home / "data" / "blockchain.db", home / "backups"
    disk.mkdir()
    with small_disk(disk, "4m") as there:
        if not there:
            return
        check("a backup", run(home, "backup").returncode == 0)
        good = database.read_bytes()
        chain("append", database, "--blocks", "5")

        def restored_beside(what):
            before = database.read_bytes() if database.exists() else None
            done = run(home, "restore", "--backup", "latest")
            check(f"{what}: it is restored all the same", done.returncode == 0 and database.read_bytes() == good, done)
            check(f"{what}: it is said", b"does not take the present state" in done.stderr, done)
            kept = pathlib.Path(done.document.get("safety_backup") or "nowhere")
            check(f"{what}: the state before is beside", (kept / "keys" / "wallet.json").exists(), done)
            file = kept / "data" / "blockchain.db"
            check(f"{what}: with the database", (file.read_bytes() if file.exists() else None) == before, done)
            return kept

        subprocess.run(["dd", "if=/dev/zero", f"of={disk / 'full'}", "bs=4k"], stderr=subprocess.DEVNULL)
        check("full: outside of the full disk", restored_beside("full").parent == home)
        (disk / "full").unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        database.unlink()
        restored_beside("read-only")
        shown = told(home, "restore", "--backup", "latest")
        check("where it is, is told", b"The state before is kept in /" in shown.stdout, shown)


def back_to_a_damaged_state(folder):
    home = make_home(folder)
    database = home / "data" / "blockchain.db"
    sound = database.read_bytes()
    check("a backup", run(home, "backup").returncode == 0)
    gone = told(home, "restore", "--backup", str(folder / "gone"))
    check("a path is no id, which is said", gone.returncode == 1 and b"--backup-file" in gone.stderr, gone)

    def without_blocks():
        with sqlite3.connect(database) as rows:
            rows.execute("DELETE FROM blocks WHERE height = 7")
        rows.close()

    def without_table():
        with sqlite3.connect(database) as rows:
            rows.execute("DROP TABLE blocks")
        rows.close()

    def page(number):
        with open(database, "r+b") as file:
            file.seek((number - 1) * 4096)
            file.write(os.urandom(4096))

    for what, damage in (("a block is gone", without_blocks), ("a table is gone", without_table), ("a page", lambda: page(5)),
                         ("no database", lambda: page(1))):
        database.write_bytes(sound)
        damage()
        damaged = database.read_bytes()
        done = run(home, "restore", "--backup", "latest")
        check(f"{what}: restored", done.returncode == 0 and done.document["verified"] and database.read_bytes() == sound, done)
        back = run(home, "restore", "--backup", done.document.get("safety_backup"))
        check(f"{what}: and back", back.returncode == 0 and database.read_bytes() == damaged, back)
        check(f"{what}: which proves nothing", back.document.get("verified") is False, back)
        if damage is without_blocks:
            check("the problem is told", "discontinuities" in str(back.document.get("problem")), back)
            shown = told(home, "restore", "--backup", done.document["safety_backup"])
            check("to people too", b"no: the chain has problems: discontinuities" in shown.stdout, shown)
            made = run(home, "backup")
            refused = run(home, "restore", "--backup", made.document["id"])
            check("but a backup that has problems is refused", refused.returncode == 3, refused)
            check("unless it is forced", run(home, "restore", "--backup", made.document["id"], "--force").returncode == 0)
            database.write_bytes(sound)
            check("a backup that is sound", run(home, "backup").returncode == 0)


def files_alone(folder):
    home = make_home(folder)
    (home / "config" / "node.json").write_text("{}")
    check("a backup", run(home, "backup").returncode == 0)
    for part in ("config", "keys"):
        shown = told(home, "restore", "--backup", "latest", "--only", part)
        check(f"{part}: what is said proved are the files", b"yes: the files' contents" in shown.stdout, shown)
        check(f"{part}: and no chain", shown.returncode == 0 and b"chain " not in shown.stdout, shown)
    (home / "data" / "blockchain.db").unlink()
    kept = run(home, "restore", "--backup", "latest").document["safety_backup"]
    back = run(home, "restore", "--backup", kept)
    listed = {one["id"]: one["verified_at"] for one in run(home, "list-backups").document["backups"]}
    check("a backup without a database is not said to have a proved chain", back.returncode == 0 and listed[kept] is None, listed)


def keys_that_are_elsewhere(folder):
    home, target, elsewhere = make_home(folder), folder / "target", folder / "elsewhere"
    (home / "config" / "node.json").write_text("{}")
    (home / "keys" / "same.json").symlink_to("wallet.json")
    made = run(home, "backup")
    check("a link to what is stored is nothing to tell", made.returncode == 0 and b"symbolic link" not in made.stderr, made)
    (home / "keys").rename(elsewhere)
    (home / "keys").symlink_to(elsewhere)
    (home / "config" / "tls.pem").symlink_to(elsewhere / "wallet.json")
    made = run(home, "backup")
    for link in ("keys", "config/tls.pem"):
        check(f"a link out of the home is told: {link}", made.returncode == 0
              and f"warning: {link} is a symbolic link to {elsewhere}".encode() in made.stderr, made)
    done = run(home, "restore", "--backup", "latest", "--target", target)
    check("a link is not what was asked for", done.returncode == 0 and done.document["restored"] == ["database", "config"]
          and (target / "keys").is_symlink(), done)
    check("and it is told", b"keys was a symbolic link to" in done.stderr, done)
    done = run(home, "restore", "--backup", "latest", "--target", folder / "other", "--only", "keys")
    check("nor anything by itself", done.returncode == 1 and "not in the backup" in str(done.document["error"]["cause"]), done)


def what_a_killed_restore_left(folder):
    home = make_home(folder)
    (home / "config" / "tls").mkdir()
    (home / "config" / "tls" / "cert.pem").write_text("cert")
    check("a backup", run(home, "backup").returncode == 0)
    for place in ("config", "config/tls", "keys"):
        (home / place / ".bt2c-tmp-4000000-1").write_text("half a secret")
    (home / "keys" / ".bt2c-tmp-4000000-link").symlink_to("gone")
    done = run(home, "restore", "--backup", "latest")
    left = [path for path in home.rglob("*") if path.name.startswith(".bt2c-tmp-")]
    check("nothing half written is left", done.returncode == 0 and not left, left)


def first_backups_at_once(folder):
    for round in range(5):
        home = make_home(folder / str(round))
        started = [subprocess.Popen([program, "--home", str(home), "--json", "backup"], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) for _ in range(4)]
        ended = [(process, *process.communicate(timeout=120)) for process in started]
        for process, out, err in ended:
            check("each of several first backups is made", process.returncode == 0, (out, err))
        check("one shows the recovery phrase", sum(b"Write these 24 words down" in err for _, _, err in ended) == 1)
        listed = run(home, "list-backups").document["backups"]
        check("all are there", {one["id"] for one in listed} == {json.loads(out).get("id") for _, out, _ in ended}, listed)
        checked = run(home, "repository", "check", "--read-data")
        check("and sound", checked.returncode == 0 and not checked.document["findings"], checked)


def settings_that_are_in_use(folder):
    home, usb = make_home(folder), folder / "usb"
    settings, beside = home / "config" / "dr.toml", home / "config" / "dr.toml.from-backup"
    without = run(home, "backup").document["id"]
    usb.mkdir()
    location = f'[[location]]\nname = "usb"\nkind = "folder"\npath = "{usb}"\n'
    settings.write_text(location)
    first = run(home, "backup", "--type", "incremental").document["id"]
    restored = run(home, "restore", "--backup", without)
    check("a backup without settings leaves them", restored.returncode == 0 and settings.read_text() == location
          and restored.document["settings_beside"] is None, restored)
    settings.write_text("# mine\n" + location)
    plan = run(home, "restore", "--backup", first, "--dry-run")
    check("it is planned", any("dr.toml.from-backup" in step for step in plan.document["steps"]) and not beside.exists(), plan)
    shown = told(home, "restore", "--backup", first)
    check("what is in use stays", shown.returncode == 0 and settings.read_text() == "# mine\n" + location, shown)
    check("the backup's is beside", beside.read_text() == location, beside)
    check("and that is told", b"left as it is: config/dr.toml (" in shown.stdout
          and f"diff {settings} {beside}".encode() in shown.stdout, shown)
    beside.write_text("of before")
    restored = run(home, "restore", "--backup", first, "--only", "config")
    check("of configuration alone too", settings.read_text().startswith("# mine") and beside.read_text() == location
          and restored.document["settings_beside"] == str(beside)
          and any("config/dr.toml (" in one for one in restored.document["kept"]), restored)
    chain("append", home / "data" / "blockchain.db", "--blocks", "1")
    made = run(home, "backup", "--type", "incremental")
    check("backups go on to all places", {one["name"] for one in made.document["locations"]} == {"local", "usb"}, made)
    back = run(home, "restore", "--backup", restored.document["safety_backup"])
    check("the way back is there", back.returncode == 0 and settings.read_text().startswith("# mine"), back)
    elsewhere = folder / "elsewhere"
    for target in (elsewhere, elsewhere):  # the second time over the first
        done = run(home, "restore", "--backup", first, "--target", target)
        restored = target / "config" / "dr.toml"
        check("in another home it is as it was", done.returncode == 0 and restored.read_text() == location
              and not (target / "config" / "dr.toml.from-backup").exists(), done)
        restored.write_text("repository = '/nowhere'\n")
    settings.unlink()
    done = run(home, "restore", "--backup", first)
    check("where there is none it comes back", done.returncode == 0 and settings.read_text() == location
          and done.document["settings_beside"] is None, done)
    # By settings that are not the home's there is a way back by them only.
    settings.unlink()
    other = folder / "other.toml"
    other.write_text(location)
    shown = told(home, "--config", other, "restore", "--backup", first)
    check("the way back names them", f"to go back: bt2c-dr --home {home} --config {other} restore --backup ".encode() in shown.stdout, shown)


def another_home(folder):
    home, new = make_home(folder), folder / "new"
    check("a backup", run(home, "backup").returncode == 0)
    (new / "config").mkdir(parents=True)
    (new / "config" / "repository.key").write_bytes((home / "config" / "repository.key").read_bytes())
    (new / "config" / "repository.key").chmod(0o600)
    (new / "config" / "dr.toml").write_text(f'repository = "{home / "backups" / "repository"}"\n[schedule]\nwait_minutes = 0\n')

    def takeovers():
        found = run(new, "doctor").document["checks"]
        return {one["name"]: one for one in found if "--takeover" in (one["mend"] or "")}

    check("before it is restored there is nothing to take over", not takeovers(), takeovers())
    shown = told(new, "restore", "--backup", "latest")
    check("what backups need is told", shown.returncode == 0 and b"When it is known to be dead" in shown.stdout
          and shown.stdout.strip().endswith(b" backup --type full --takeover"), shown)
    check("to programs too", run(new, "restore", "--backup", "latest").document["takeover_needed"] is True)
    check("a job fails by it", run(new, "job", "full").returncode == 1)
    found = takeovers()
    check("doctor says so", {"repository", "job"} <= set(found) and "in another home" in found["repository"]["detail"], found)
    check("and what mends it", run(new, "backup", "--type", "full", "--takeover").returncode == 0
          and "repository" not in takeovers(), takeovers())
    check("the job too", run(new, "job", "full").returncode == 0 and not takeovers(), takeovers())
    check("nothing is told any more", run(new, "restore", "--backup", "latest").document["takeover_needed"] is False)


def where_nothing_goes(folder):
    home, usb = make_home(folder), folder / "usb"
    usb.mkdir()
    (home / "config" / "dr.toml").write_text(f'[[location]]\nname = "usb"\nkind = "folder"\npath = "{usb}"\n')
    check("a backup", run(home, "backup").returncode == 0)
    (folder / "link").symlink_to(home / "keys")
    for target, why in ((home / "backups" / "repository", "the repository's folder"), (usb, "location 'usb'"),
                        (usb / "below" / "it", "location 'usb'"), (home / "keys" / "new", "the home's folder keys/"),
                        (folder / "link", "the home's folder keys/"), (f"{usb}/../usb/", "location 'usb'")):
        before = sorted(folder.rglob("*"))
        refused = run(home, "restore", "--backup", "latest", "--target", target)
        check(f"{target} is none to restore into", refused.returncode == 2 and why in refused.document["error"]["message"]
              and sorted(folder.rglob("*")) == before, refused)
    check("the home itself is one", run(home, "restore", "--backup", "latest", "--target", home).returncode == 0)
    check("and what is beside a location", run(home, "restore", "--backup", "latest", "--target",
                                               home / "backups" / "other").returncode == 0)


def under_a_running_node(folder):
    home = make_home(folder)
    (home / "config" / "node.json").write_text("{}")
    check("a backup", run(home, "backup").returncode == 0)
    (home / "keys" / "wallet.json").write_text("newer")
    with open(home / "data" / "blockchain.db", "r+b"):
        for only in ("keys", "config", "database,config,keys"):
            for more in ([], ["--force"], ["--dry-run"]):
                refused = run(home, "restore", "--backup", "latest", "--only", only, *more)
                check(f"{only} {more}: refused", refused.returncode == 4
                      and "is in use" in refused.document["error"]["message"], refused)
        check("nothing was changed", (home / "keys" / "wallet.json").read_text() == "newer"
              and not (home / "network" / "signing-lock.json").exists())
        beside = run(home, "restore", "--backup", "latest", "--only", "keys", "--target", folder / "beside")
        check("another home's are no matter", beside.returncode == 0, beside)
    check("stopped it is done", run(home, "restore", "--backup", "latest", "--only", "keys").returncode == 0)
    refused = run(home, "restore", "--backup-file", home / "data" / "blockchain.db", "--only", "keys").document["error"]
    check("what a file lacks is told", refused["cause"] == "it holds nothing but: database"
          and "--only database" in refused["hint"], refused)


for scene in (a_file_that_changes_while_it_is_read, a_repository_that_takes_nothing,
              back_to_a_damaged_state, files_alone, keys_that_are_elsewhere, what_a_killed_restore_left, settings_that_are_in_use,
              another_home, where_nothing_goes, under_a_running_node, first_backups_at_once):
    with tempfile.TemporaryDirectory() as name:
        scene(pathlib.Path(name))
finish()
