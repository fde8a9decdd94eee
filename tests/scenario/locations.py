"""Backups in several locations in sessions of the real program. [B4]

usage: locations.py PROGRAM CHAIN_PROGRAM

One location is a small disk that fills up, one goes away in the middle, one is damaged; and the program is killed.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from checks import check, finish, small_disk

program, chain_program = sys.argv[1:3]


class Scene:
    """A node's home and three locations: local, near and far (which stands for one offsite)."""

    def __init__(self, folder, blocks=300):
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "node"
        self.near = self.folder / "near"
        self.far = self.folder / "far"
        (self.home / "data").mkdir(parents=True)
        (self.home / "config").mkdir()
        self.near.mkdir()
        self.far.mkdir()
        subprocess.run([chain_program, "create", str(self.database), "--blocks", str(blocks)],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.settings()

    @property
    def database(self):
        return self.home / "data/blockchain.db"

    @property
    def local(self):
        return self.home / "backups/repository"

    def settings(self, head="", patience=60, near=None):
        (self.home / "config/dr.toml").write_text(
            f'{head}\n[backup]\npatience_seconds = {patience}\n'
            f'[[location]]\nname = "near"\nkind = "folder"\npath = "{near or self.near}"\n'
            f'[[location]]\nname = "far"\nkind = "folder"\npath = "{self.far}"\noffsite = true\n'
            'price_per_gib_month = 1024\n')

    def command(self, *arguments):
        return [program, "--home", str(self.home), "--json", "--quiet", *arguments]

    def run(self, *arguments, status=0):
        done = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=250)
        check(f"{' '.join(arguments)} ends with {status}", done.returncode == status,
              f"but with {done.returncode}: {done.stdout[-600:]} {done.stderr[-600:]}")
        return json.loads(done.stdout)

    def grow(self, blocks=20):
        subprocess.run([chain_program, "append", str(self.database), "--blocks", str(blocks)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def typed(self, command):
        """A command of the program as it is told where --home was given."""
        return command.replace("bt2c-dr", f"bt2c-dr --home {self.home}", 1)

    def states(self, document):
        return {entry["name"]: entry["status"] for entry in document["locations"]}

    def restores(self, what):
        before = self.database.read_bytes()
        target = self.folder / "restored"
        done = self.run("restore", "--backup", "latest", "--target", str(target))
        check(f"{what}: the restore is proved", done["verified"])
        check(f"{what}: byte for byte", (target / "data/blockchain.db").read_bytes() == before)
        shutil.rmtree(target)


def in_scene(test):
    with tempfile.TemporaryDirectory() as folder:
        try:
            test(Scene(folder))
        except Exception as error:  # the next test tells more
            check(f"{test.__name__} runs to its end", False, repr(error))


def jobs_while_one_is_away(scene):
    scene.settings("[schedule]\nwait_minutes = 0")
    scene.run("repository", "init")
    scene.near.rename(scene.folder / "unplugged")
    scene.near.write_text("a file in its place")
    kinds = []
    for _ in range(3):
        scene.grow()
        scene.run("job", "incremental", status=6)
        kinds.append(scene.run("list-backups")["backups"][0]["type"])
    check("one full backup is enough, though one location lacks it", kinds == ["full", "incremental", "incremental"], kinds)


def packs_of(location):
    return sorted((location / "packs").iterdir())


def flip_a_bit(file):
    contents = bytearray(file.read_bytes())
    contents[len(contents) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(contents)


def everyday(scene):
    made = scene.run("backup")
    check("all have it", scene.states(made) == {"local": "ok", "near": "ok", "far": "ok"}, made["locations"])
    scene.grow()
    made = scene.run("backup", "--type", "incremental")
    listed = scene.run("list-backups")["backups"]
    check("two backups, each in three places", [b["locations"] for b in listed] == [["local", "near", "far"]] * 2)
    status = scene.run("location", "status")
    check("all are healthy", status["healthy"] == 3 and status["ok"], status)
    check("what they take is told", all(entry["bytes"] > 1000 and entry["objects"] > 4 for entry in status["locations"]))
    check("and what that costs where a price is known", [entry["cost_per_month"] for entry in status["locations"]]
          == [None, None, status["locations"][2]["bytes"] / 2**20], status["locations"])
    check("nothing is to be done", all(entry["objects"] == 0 for entry in scene.run("location", "sync")["locations"]))
    scene.run("repository", "check", "--read-data")
    # The machine burns: any one location is enough.
    shutil.rmtree(scene.local)
    shutil.rmtree(scene.near)
    scene.near.mkdir()
    scene.restores("from the last copy")
    check("one that is empty is not filled unasked", scene.run("backup", status=6)["locations"][1]["status"] == "failed")
    scene.run("location", "sync", "local,near")
    check("named, it is", scene.run("location", "status")["healthy"] == 3)
    scene.run("repository", "check", "--read-data")


def one_is_away(scene):
    scene.run("backup")
    scene.near.rename(scene.folder / "unplugged")
    scene.near.write_text("a file in its place")
    scene.grow()
    made = scene.run("backup", "--type", "incremental", status=6)
    check("the others have it", scene.states(made) == {"local": "ok", "near": "failed", "far": "ok"}, made["locations"])
    check("it is away", scene.run("location", "status", status=6)["healthy"] == 2)
    check("lists work", len(scene.run("list-backups")["backups"]) == 2)
    for folder in (scene.local, scene.far):
        folder.rename(folder.with_name("hidden-" + folder.name))
    gone = scene.run("location", "status", status=6)
    check("when all are away it is told why each is", gone["healthy"] == 0
          and all(entry["status"] == "away" and entry["error"] for entry in gone["locations"]), gone)
    for folder in (scene.local, scene.far):
        folder.with_name("hidden-" + folder.name).rename(folder)
    scene.near.unlink()
    (scene.folder / "unplugged").rename(scene.near)
    check("it is behind", scene.run("location", "status", status=3)["locations"][1]["status"] == "behind")
    listed = scene.run("list-backups")["backups"]
    check("the list says so", [b["locations"] for b in listed] == [["local", "far"], ["local", "near", "far"]])
    scene.grow()
    made = scene.run("backup", "--type", "incremental")
    check("the next backup brings it up to date", scene.states(made)["near"] == "ok")
    check("all are healthy again", scene.run("location", "status")["healthy"] == 3)
    scene.run("repository", "check", "--read-data")
    # A removed key does not come back with a location that was away.
    os.environ["BT2C_REPO_NEW_PASSWORD"] = "horse"
    key = scene.run("repository", "key", "add", "--password")["id"]
    scene.near.rename(scene.folder / "unplugged")
    scene.run("repository", "key", "remove", key, status=6)
    (scene.folder / "unplugged").rename(scene.near)
    scene.run("location", "sync")
    status = scene.run("location", "status", status=3)
    check("the stale key is told", status["locations"][1]["unknown_keys"] == [key], status["locations"])
    scene.run("repository", "key", "remove", key)
    scene.run("location", "status")
    # One that lost a slot cannot be opened with every secret that the others take.
    lost = next((scene.near / "keys").iterdir())
    lost.unlink()
    status = scene.run("location", "status", status=3)
    check("a slot that one lacks is told", status["locations"][1]["status"] == "behind"
          and "1 key slots are missing" in status["locations"][1]["error"], status["locations"])
    scene.run("location", "sync", "near")
    check("a sync brings it back", lost.exists() and scene.run("location", "status")["ok"])
    # What the first location says of itself and of its keys is not believed against the others.
    for damaged, field in ((scene.local / "format", '"id": "'), (next((scene.local / "keys").iterdir()), '"wrapped": "')):
        sound, mode = damaged.read_text(), damaged.stat().st_mode
        at = sound.index(field) + len(field)
        damaged.chmod(0o600)
        damaged.write_text(sound[:at] + ("1" if sound[at] == "0" else "0") + sound[at + 1:])
        scene.restores(f"with a damaged {damaged.name} in the first")
        scene.run("repository", "check", "--repair", "--location", "local")
        check(f"{damaged.name} is mended", damaged.read_text() == sound)
        damaged.chmod(mode)
    scene.run("location", "status")
    scene.run("backup")
    # What is missing everywhere is not promised.
    packs = [pack for place in (scene.local, scene.near, scene.far) for pack in packs_of(place)]
    for pack in packs:
        pack.rename(pack.with_name("." + pack.name))
    dry = scene.run("restore", "--backup", "latest", "--dry-run", status=1)
    check("a dry run looks at the packs", "packs are missing" in dry["error"]["message"], dry)
    for pack in packs:
        pack.with_name("." + pack.name).rename(pack)
    scene.run("restore", "--backup", "latest", "--dry-run")


def one_is_full(scene):
    small = scene.folder / "small"
    small.mkdir()
    with small_disk(small, "200k") as there:
        if not there:
            return
        scene.settings(near=small)
        made = scene.run("backup", status=6)
        check("the full disk is told", scene.states(made) == {"local": "ok", "near": "failed", "far": "ok"})
        check("with its reason", "No space" in made["locations"][1]["error"], made["locations"])
        check("it claims nothing", not list((small / "manifests").glob("*")))
        scene.restores("beside a full disk")
        failed = scene.run("location", "sync", status=6)
        check("sync tells it too", "No space" in failed["locations"][1]["error"], failed["locations"])
        subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True)
        scene.run("location", "sync")
        scene.run("repository", "check", "--read-data")
        check("with room it is healthy", scene.run("location", "status")["healthy"] == 3)


def damage(scene):
    scene.run("backup")
    for pack in packs_of(scene.local):
        flip_a_bit(pack)
    packs_of(scene.near)[0].unlink()
    manifest = next((scene.far / "manifests").iterdir())
    manifest.chmod(0o600)
    manifest.write_bytes(manifest.read_bytes()[:100])
    done = subprocess.run([program, "--home", str(scene.home), "--json", "restore", "--backup", "latest", "--target",
                           str(scene.folder / "restored")], capture_output=True, timeout=250)
    check("the restore goes on with other copies", done.returncode == 0, done.stderr)
    check("what was wrong is told, with what mends it",
          b"location 'local'" in done.stderr and b"repository check --repair --read-data --location local" in done.stderr,
          done.stderr)
    shutil.rmtree(scene.folder / "restored")
    found = scene.run("repository", "check", "--read-data", status=3)
    check("each location has its findings", {f["location"] for f in found["findings"]} == {"local", "near", "far"})
    only = scene.run("repository", "check", "--location", "near", status=3)
    check("one alone", [entry["name"] for entry in only["locations"]] == ["near"])
    mended = scene.run("repository", "check", "--read-data", "--repair")
    check("all is mended", {m["location"] for m in mended["mended"]} == {"local", "near", "far"} and mended["ok"], mended)
    scene.run("repository", "check", "--read-data")
    check("nothing is beyond mending", mended["not_mended"] == [])


def packs_that_are_gone(scene):
    scene.run("backup")
    scene.grow()
    scene.run("backup", "--type", "incremental")
    for pack in packs_of(scene.near):
        pack.unlink()
    status = scene.run("location", "status", status=3)
    check("it is not healthy", status["healthy"] == 2 and status["locations"][1]["status"] == "behind"
          and "packs" in status["locations"][1]["error"], status)
    found = {(one["name"], one["subject"]): one for one in scene.run("doctor", status=3)["checks"]}
    check("doctor says so", found["location", "near"]["status"] == "finding", found)
    synced = scene.run("location", "sync")["locations"][1]
    check("sync brings them back", synced["objects"] == len(packs_of(scene.near)) and synced["backups"] == [], synced)
    check("all are healthy again", scene.run("location", "status")["healthy"] == 3)
    scene.run("repository", "check", "--read-data")
    cut = packs_of(scene.near)[0]
    cut.chmod(0o600)
    cut.write_bytes(cut.read_bytes()[:-1])
    status = scene.run("location", "status", status=3)
    check("one that was cut is told", "repair" in status["warnings"][0], status)
    scene.run("repository", "check", "--repair", "--location", "near")
    check("that is mended", scene.run("location", "status")["healthy"] == 3)
    slot = next((scene.near / "keys").iterdir())
    manifest = scene.near / "manifests" / scene.run("list-backups")["backups"][0]["id"]
    for victim in (slot, manifest):
        good = victim.read_bytes()
        victim.chmod(0o600)
        victim.write_bytes(good.replace(b'"salt": "', b'"salt": "0', 1) if victim == slot else good[:-1] + bytes([good[-1] ^ 1]))
        status = scene.run("location", "status", status=3)
        check(f"{victim.name} is damaged: not healthy", status["healthy"] == 2 and "damaged" in status["locations"][1]["error"]
              and "repair" in status["warnings"][0], status)
        scene.run("repository", "check", "--repair", "--location", "near")
        check(f"{victim.name} is mended", victim.read_bytes() == good)


def killed(scene):
    scene.run("backup")
    for round in range(8):
        scene.grow(5)
        process = subprocess.Popen(scene.command("backup"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.03 * (round + 1))  # another moment each time
        process.send_signal(signal.SIGKILL)
        process.wait()
    scene.run("location", "sync")
    status = scene.run("location", "status")
    check("all have the same", len({entry["backups"] for entry in status["locations"]}) == 1, status)
    checked = scene.run("repository", "check", "--read-data")
    check("only leftovers are found", {f["kind"] for f in checked["findings"]} <= {"unreferenced"})
    scene.run("backup")
    scene.restores("after the kills")


def without_its_format(scene):
    scene.run("backup")
    for place in (scene.local, scene.near):
        (place / "format").unlink()
        status = scene.run("location", "status", status=3)
        check("what is missing is told", any("'format' is damaged or missing" in (one["error"] or "")
              for one in status["locations"]), status)
        mended = scene.run("repository", "check", "--repair")["mended"]
        check("a repair brings it back", [one["object"] for one in mended] == ["format"], mended)
        (place / "format").unlink()
        scene.run("location", "sync")
        check("a sync too", (place / "format").exists())
        (place / "format").unlink()
        made = scene.run("backup")
        check("and a backup", (place / "format").exists(), made["locations"])
    scene.restores("with it again")
    # What this home did not note of the place is not taken for its own.
    note = scene.home / "backups/locations/near"
    note.write_text("\n".join([note.read_text().split("\n")[0], "ab" * 16, ""]))
    (scene.near / "format").unlink()
    made = scene.run("backup", status=6)
    check("it is left out", "'format' is missing" in made["locations"][1]["error"]
          and "location sync near" in made["locations"][1]["error"], made["locations"])
    scene.run("location", "sync", "near")
    check("named, it is brought back", (scene.near / "format").exists())


def damaged_format(scene):
    scene.run("backup")
    file = scene.near / "format"
    sound = file.read_bytes()
    file.chmod(0o600)
    for damaged in (b"{", b""):
        file.write_bytes(damaged)
        status = scene.run("location", "status", status=6)["locations"][1]
        check("it is told, with what mends it", "'format' is damaged" in status["error"]
              and "check --repair --location near" in status["error"], status)
        check("a sync replaces nothing", "check --repair --location near" in
              scene.run("location", "sync", "near", status=6)["locations"][0]["error"])
        found = scene.run("repository", "check", "--location", "near", status=3)["findings"]
        check("a check finds it", [one["object"] for one in found] == ["format"] and "--location near" in found[0]["advice"],
              found)
        mended = scene.run("repository", "check", "--repair", "--location", "near")
        check("a repair mends it", mended["ok"] and [one["object"] for one in mended["mended"]] == ["format"], mended)
        check("from another location", file.read_bytes() == sound)
        file.chmod(0o600)
        check("all are healthy again", scene.run("location", "status")["healthy"] == 3)
    for location in (scene.local, scene.near, scene.far):
        (location / "format").chmod(0o600)
        (location / "format").write_bytes(b"{")
    status = scene.run("location", "status", status=3)["locations"]
    check("damaged everywhere", all("'format' is damaged" in one["error"] for one in status), status)
    check("it is read all the same", len(scene.run("list-backups")["backups"]) == 1)
    scene.run("backup", "--type", "incremental")
    mended = scene.run("repository", "check", "--repair")["mended"]
    check("and made anew", [(one["location"], one["object"]) for one in mended]
          == [(name, "format") for name in ("local", "near", "far")], mended)
    check("all are healthy once more", scene.run("location", "status")["healthy"] == 3)


def one_place_has_many_names(scene):
    """An empty mount point is known, however its place is written, and by whatever name."""
    scene.run("backup")
    scene.near.rename(scene.folder / "unmounted")
    scene.near.mkdir()
    settings = scene.home / "config/dr.toml"
    said = settings.read_text()
    (scene.folder / "link").symlink_to(scene.folder)
    for name, path in (("near", scene.near), ("near", f"{scene.near}/"), ("stick", scene.near),
                       ("near", scene.folder / "link/near")):
        settings.write_text(said.replace('"near"', f'"{name}"').replace(f'"{scene.near}"', f'"{path}"'))
        status = scene.run("location", "status", status=6)["locations"][1]
        check(f"it is away: {name} {path}", status["status"] == "away" and "held the repository before" in status["error"], status)
        scene.run("backup", status=6)
        check("nothing is stored there", list(scene.near.iterdir()) == [])
    settings.write_text(f'repository = "none"\n[[location]]\nname = "near"\nkind = "folder"\npath = "{scene.near}/"\n')
    refused = scene.run("backup", status=1)["error"]
    check("nor where it is the only one", "held the repository before" in refused["message"], refused)


def an_unmounted_disk(scene):
    """A sync that was advised for a new disk does not fill the mount point."""
    with small_disk(scene.near, "64m") as there:
        if not there:
            return
        scene.run("backup")
        subprocess.run(["umount", str(scene.near)], check=True)
        found = [one for one in scene.run("doctor", status=3)["checks"] if one["name"] == "location" and one["status"] == "finding"]
        check("doctor says what to do", [one["mend"] for one in found] == ["mount its disk"], found)
        synced = scene.run("location", "sync", "near", status=6)["locations"][0]
        check("a sync fills no mount point", "its disk is not mounted" in synced["error"] and list(scene.near.iterdir()) == [], synced)
        (scene.home / "backups/locations/near").unlink()
        scene.run("location", "sync", "near")
        check("unless it is told to", (scene.near / "format").exists())


def without_key_slots(scene):
    """A location without a slot opens to nobody, once the others are gone."""
    scene.run("backup")
    names = ["local", "near", "far"]
    places = [scene.local, scene.near, scene.far]
    for number in (0, 1):
        name, keys = names[number], places[number] / "keys"
        before = {one.name: one.read_bytes() for one in keys.iterdir()}

        def lose():
            for slot in keys.iterdir():
                slot.unlink()

        lose()
        status = scene.run("location", "status", status=3)
        check(f"{name}: it is not healthy", status["healthy"] == 2 and "no key slot" in status["locations"][number]["error"]
              and status["warnings"][0].endswith(scene.typed(f"bt2c-dr location sync {name}")), status)
        found = {(one["name"], one["subject"]): one for one in scene.run("doctor", status=3)["checks"]}
        check(f"{name}: doctor says so", "no key slot" in found["location", name]["detail"], found)
        scene.run("repository", "check", "--location", name, status=3)
        synced = scene.run("location", "sync", name)["locations"][0]
        check(f"{name}: sync brings them back", synced["objects"] == len(before), synced)
        check(f"{name}: the very same", {one.name: one.read_bytes() for one in keys.iterdir()} == before)
        lose()
        mended = scene.run("repository", "check", "--repair", "--location", name)
        check(f"{name}: a repair too", mended["ok"] and [one["object"] for one in mended["mended"]] == ["keys"], mended)
        check(f"{name}: all are healthy", scene.run("location", "status")["healthy"] == 3)


def beyond_sync(scene):
    """What no sync mends is told by it, with the command that does, or tells more."""
    scene.run("backup")
    scene.grow()
    newest = scene.run("backup")["id"]
    manifest = scene.near / "manifests" / newest
    good = manifest.read_bytes()
    manifest.chmod(0o600)
    manifest.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    synced = scene.run("location", "sync", status=6)
    check("a damaged manifest", scene.states(synced) == {"local": "ok", "near": "behind", "far": "ok"}
          and synced["locations"][1]["mend"] == scene.typed("bt2c-dr repository check --repair --location near"), synced)
    scene.run("repository", "check", "--repair", "--location", "near")
    check("is mended", [one["mend"] for one in scene.run("location", "sync")["locations"]] == [None] * 3)
    for place in (scene.local, scene.near, scene.far):
        manifest = place / "manifests" / newest
        manifest.chmod(0o600)
        manifest.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    status = scene.run("location", "status", status=3)
    check("damaged everywhere: none is healthy", status["healthy"] == 0
          and all("damaged" in one["error"] for one in status["locations"]), status)
    scene.run("location", "sync", status=6)
    for place in (scene.local, scene.near, scene.far):
        (place / "manifests" / newest).write_bytes(good)
    victim = packs_of(scene.far)[0].name
    for place in (scene.local, scene.near, scene.far):
        (place / "packs" / victim).unlink()
    synced = scene.run("location", "sync", status=6)
    check("a pack that nobody has", set(scene.states(synced).values()) == {"behind"}
          and "packs" in synced["locations"][2]["error"]
          and synced["locations"][2]["mend"] == scene.typed("bt2c-dr repository check --repair --location far"), synced)
    left = scene.run("repository", "check", "--repair", "--location", "far", status=3)
    check("is beyond mending", [one["object"] for one in left["not_mended"]] == [f"packs/{victim}"]
          and "full backup" in left["findings"][0]["advice"], left)


def junk_is_no_backup(scene):
    """What somebody put into one location is wrong with that one, and nothing that the others lack."""
    scene.run("backup")
    (scene.near / "manifests" / ("ab" * 16)).write_bytes(b"junk")
    status = scene.run("location", "status", status=3)
    check("one is behind", scene.states(status) == {"local": "healthy", "near": "behind", "far": "healthy"}, status)
    check("it is damage", status["locations"][1]["error"] == "1 manifests or key slots are damaged", status)


def another_repository_in_place(scene):
    """Of two locations the first got another repository's contents: the one that was in use goes on."""
    scene.run("backup")
    (scene.home / "config/dr.toml").write_text(f'[[location]]\nname = "near"\nkind = "folder"\npath = "{scene.near}"\n')
    scene.run("location", "sync")
    with tempfile.TemporaryDirectory() as folder:
        other = Scene(folder)
        other.run("backup")
        scene.local.rename(scene.folder / "kept")
        other.local.rename(scene.local)
    scene.grow()
    made = scene.run("backup", status=6)
    check("the other goes on", scene.states(made) == {"local": "failed", "near": "ok"}
          and "another repository" in made["locations"][0]["error"], made)
    scene.restores("out of that")


def nothing_new(scene):
    """Where nothing is stored, what a location lacks is not called there."""
    scene.run("backup")
    scene.near.rename(scene.folder / "unplugged")
    scene.near.mkdir()
    scene.grow()
    scene.run("backup", status=6)
    scene.near.rmdir()
    (scene.folder / "unplugged").rename(scene.near)
    again = scene.run("backup", "--type", "incremental")
    check("it is brought there", not again["changed"] and scene.states(again)["near"] == "ok"
          and (scene.near / "manifests" / again["id"]).exists(), again)
    (scene.near / "pins").touch()  # no pin can be stored there
    check("a pin that one lacks", scene.states(scene.run("pin", "latest", status=6))["near"] == "failed")
    check("is lacking still", scene.states(scene.run("pin", "latest", status=6))["near"] == "failed")
    (scene.near / "pins").unlink()
    scene.run("pin", "latest")
    check("and is brought there", len(list((scene.near / "pins").iterdir())) == 1)
    scene.run("pin", "latest", "--reason", "of another kind")
    check("with a new reason", scene.run("pin")["pins"][0]["reason"] == "of another kind")


def damaged_newest(scene):
    """No test says that all is well while the newest backup cannot be read."""
    scene.run("backup")
    scene.grow()
    newest = scene.run("backup", "--type", "full")["id"]
    for place in (scene.local, scene.near, scene.far):
        manifest = place / "manifests" / newest
        manifest.chmod(0o600)
        manifest.write_bytes(manifest.read_bytes()[:-1] + b"?")
    for asked in ((), ("latest",)):
        tested = scene.run("test-restore", *asked, status=3)
        check("the older one restores, and it is told", tested["verified"] and tested["damaged"] == [newest], tested)
    named = scene.run("test-restore", newest, status=3)["error"]
    check("it does not restore itself", "damaged" in named["cause"], named)
    record = json.loads((scene.home / "backups/jobs/restore-test.json").read_text())
    check("which is on record", record["exit_status"] == 3 and newest[:8] in record["message"], record)
    held = scene.run("prune", status=3)
    check("a prune removes nothing", newest[:8] in held["held"], held)
    scene.run("prune", "--damaged", "--allow-most")
    scene.run("test-restore")


def damaged_here_and_sound_away(scene):
    """No backup is let go whose sound copy is in a location that is away."""
    for _ in range(3):
        scene.grow()
        newest = scene.run("backup", "--type", "full")["id"]
    away = scene.folder / "unplugged"
    scene.far.rename(away)
    for place in (scene.local, scene.near):
        manifest = place / "manifests" / newest
        manifest.chmod(0o600)
        manifest.write_bytes(manifest.read_bytes()[:-1] + b"?")
    for options in (("--dry-run",), (), ("--damaged", "--dry-run"), ("--damaged",)):
        done = scene.run("prune", *options, status=6)
        check(f"prune {options} keeps it and names the location", done["leaving"] == 0 and done["unasked"] == ["far"]
              and not done["damaged"] and [one["id"] for one in done["unread"]] == [newest] and "'far'" in done["advice"] and "--damaged" not in done["advice"], done)
    check("none is retired", not list((scene.local / "retired").glob("*")))
    listed = scene.run("list-backups", status=6)
    check("it is not called damaged", not listed["damaged"] and [one["id"] for one in listed["unread"]] == [newest], listed)
    away.rename(scene.far)
    check("it is the newest again", scene.run("list-backups")["backups"][0]["id"] == newest)
    check("and holds nothing up", scene.run("prune", "--damaged")["damaged"] == [])
    scene.run("repository", "check", "--repair")


def copies_that_a_test_passed_over(scene):
    """A restore test tells a damaged copy that it did without."""
    scene.run("backup")
    for pack in packs_of(scene.local):
        flip_a_bit(pack)
    tested = scene.run("test-restore")
    check("it names the location", [one["location"] for one in tested["faults"]] == ["local"], tested)


def limits_of_the_machine(scene):
    """What keeps a test from being done says nothing of the backup."""
    scene.run("backup")
    proved = scene.run("test-restore")
    for limit in ("ulimit -f 200",):
        done = subprocess.run(["bash", "-c", f'{limit}; exec "$@"', "-", *scene.command("test-restore")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=250)
        error = json.loads(done.stdout).get("error") or {}
        check(f"{limit}: it could not be tested", done.returncode == 1 and "not known" in (error.get("state") or ""), done)
    check("and is proved still", scene.run("list-backups")["backups"][0]["verified_at"] is not None, proved)
    for arguments in (("test-restore", ""), ("pin", ""), ("verify-integrity", "--backup", "")):
        check(f"no name is no choice: {arguments[0]}", "empty" in scene.run(*arguments, status=2)["error"]["message"])


def advice_for_contents(scene):
    """A seal inside a pack is read, and mended, only with --read-data."""
    scene.run("backup")
    flip_a_bit(packs_of(scene.near)[0])
    found = scene.run("repository", "check", "--read-data", "--location", "near", status=3)["findings"]
    check("the advice mends it", scene.typed("bt2c-dr repository check --repair --read-data --location near;") in found[0]["advice"], found)
    scene.run("repository", "check", "--repair", "--read-data", "--location", "near")
    scene.run("repository", "check", "--read-data")


def two_nodes(scene):
    scene.run("backup")
    with tempfile.TemporaryDirectory() as folder:
        other = Scene(folder)
        # By mistake the same place: its repository is another one.
        other.run("backup")
        other.settings(near=scene.near)
        made = other.run("backup", status=6)
        check("the foreign place is refused", other.states(made) == {"local": "ok", "near": "failed", "far": "ok"})
        check("and told", "another repository" in made["locations"][1]["error"], made["locations"])
        scene.run("repository", "check", "--read-data")
    # A copy of the home, with its key and settings, on the same machine.
    scene.settings()
    with tempfile.TemporaryDirectory() as folder:
        copy = Scene(folder)
        shutil.rmtree(copy.home)
        shutil.copytree(scene.home, copy.home, symlinks=True)
        # Its own folder `local` was copied, the other places are the same.
        copy.far = scene.far
        copy.settings(near=scene.near)
        copy.grow()
        refused = copy.run("backup", status=1)
        check("a copy of the home is refused", "in another home" in refused["error"]["message"], refused)
    # The same home on another machine, copied with its key.
    settings = scene.home / "config/dr.toml"
    settings.write_text(settings.read_text() + '[network]\nnode_name = "twin"\n')
    scene.grow()
    refused = scene.run("backup", status=1)
    check("a second node is refused", "--takeover" in refused["error"]["hint"], refused)
    scene.run("backup", "--takeover")
    scene.grow()
    scene.run("backup")


def one_place_twice(scene):
    scene.run("backup")
    link = scene.folder / "link"
    link.symlink_to(scene.far)
    for same in (scene.far, f"{scene.far}/../far/", scene.local):
        scene.settings(near=same)
        refused = scene.run("location", "status", status=2)["error"]
        check(f"{same} is told", "'near'" in refused["message"] and ("'far'" in refused["message"] or same == scene.local),
              refused)
    for same in (link, f"{link}/."):  # which the settings alone do not show: all goes on with one of them
        scene.settings(near=same)
        far = scene.run("location", "status", status=6)["locations"][2]
        check(f"{same} is told", "it is the same folder as location 'near'" in far["error"] and far["status"] == "double", far)
        scene.run("restore", "--backup", "latest", "--dry-run")
    scene.settings()
    status = scene.run("location", "status")
    check("two places are fine", status["healthy"] == 3)
    check("all are on the node's own disk", all(one["own_disk"] for one in status["locations"]), status)
    other = pathlib.Path("/dev/shm") / f"bt2c-locations-{os.getpid()}"
    if other.parent.is_dir() and other.parent.stat().st_dev != scene.home.stat().st_dev:
        scene.settings(near=other)
        scene.run("location", "sync")
        check("another disk is none of them", [one["own_disk"] for one in scene.run("location", "status")["locations"]] ==
              [True, False, True])
        shutil.rmtree(other)


@contextlib.contextmanager
def fake_s3(scene):
    """The table of its bucket in dr.toml, and what tells it how to behave."""
    port_file = scene.folder / "port"
    fake = pathlib.Path(__file__).parent.parent / "support" / "fake_s3.py"
    server = subprocess.Popen([sys.executable, fake, port_file], stderr=subprocess.DEVNULL)
    try:
        while not (port_file.exists() and port_file.read_text()):
            time.sleep(0.01)
        url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        os.environ |= {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret/of+the=test"}
        yield (f'[[location]]\nname = "s3"\nkind = "s3"\nendpoint = "{url}"\nbucket = "bucket"\nretries = 0\n',
               lambda **order: urllib.request.urlopen(f"{url}/_control", json.dumps(order).encode()).read())
    finally:
        server.terminate()
        server.wait()


def network_that_fails(scene):
    """Nothing is said of a backup that could not be read."""
    with fake_s3(scene) as (s3, control):
        def faults(*wanted):
            control(faults=wanted)

        settings = scene.home / "config/dr.toml"
        for places in (f'repository = "none"\n{s3}', s3):
            settings.write_text(places)
            scene.run("backup")
            scene.run("test-restore")
            if "none" not in places:
                for pack in packs_of(scene.local):
                    pack.unlink()
            faults({"kind": "die", "method": "GET", "path": "packs", "times": 1000})
            error = scene.run("test-restore", status=1)["error"]
            check("it is not known", "location 's3' was lost" in error["message"] and "not known" in error["state"], error)
            faults({"kind": "none", "times": 0})
            scene.run("test-restore")
        # One that falls silent after its first answer costs only its own check.
        faults(*({"kind": "hang", "method": "GET", "path": path, "times": 1000} for path in ("retired", "manifests", "packs")))
        found = {(one["name"], one["subject"]): one for one in scene.run("doctor", "--patience", "20", status=3)["checks"]}
        check("which one is told", "does not answer" in found["location", "s3"]["detail"], found)
        check("the rest is looked at", {("location", "local"), ("backup_age", None), ("offsite", None)} <= set(found), found)


def backups_that_are_refused(scene):
    """What a service refuses is not called damaged or missing, and nobody is led to let it go."""
    with fake_s3(scene) as (s3, control):
        def refuse(path, status=403, code="AccessDenied"):
            control(faults=[{"kind": "status", "status": status, "code": code, "method": "GET", "path": path, "times": 1000}])

        def is_told(what, error):
            check(f"{what}: the service's answer is told", str(answer) in error["cause"], error)
            check(f"{what}: nothing is called damaged", "damaged" not in json.dumps(error) and error["hint"], error)

        (scene.home / "config/dr.toml").write_text(f'repository = "none"\n{s3}')
        scene.run("backup")
        scene.grow()
        newest = scene.run("backup", "--type", "full")["id"]
        for folder in ("manifests", "keys"):
            for answer, code in ((403, "AccessDenied"), (503, "ServiceUnavailable")):
                refuse(f"/{folder}/", answer, code)
                for command in (("list-backups",), ("restore", "--backup", "latest"), ("restore", "--backup", newest),
                                ("backup", "--type", "incremental"), ("test-restore",)):
                    is_told(f"{folder}, {' '.join(command)}", scene.run(*command, status=1)["error"])
            checks = scene.run("doctor", status=3)["checks"]
            check("doctor advises to let nothing go", not any("prune" in (one["mend"] or "") for one in checks), checks)
            if folder == "manifests":
                unknown = {one["name"]: one["mend"] for one in checks if one["status"] == "unknown"}
                check("it is not known", {"repository", "backup_age"} <= set(unknown)
                      and unknown["repository"] == scene.typed("bt2c-dr location status"), checks)
                status = scene.run("location", "status", status=6)["locations"][0]
                check("which says why", status["status"] == "away" and "503" in status["error"], status)
                info = scene.run("repository", "info")
                check("the repository is told of", info["unread_backups"] == 2 and info["damaged_backups"] == 0, info)
            else:
                slots = scene.run("repository", "key", "list")
        check("slots are not damaged", len(slots["unread"]) == 2 and slots["slots"] == slots["damaged"] == [], slots)
        # One of two.
        refuse(f"/manifests/{newest}")
        listed = scene.run("list-backups", status=6)
        check("the other is listed", len(listed["backups"]) == 1 and not listed["damaged"]
              and [one["id"] for one in listed["unread"]] == [newest], listed)
        error = scene.run("restore", "--backup", "latest", status=1)["error"]
        check("the latest is not known", newest in error["message"] and "location status" in error["hint"]
              and "403" in error["cause"], error)
        checks = scene.run("doctor", status=3)["checks"]
        check("doctor names it", [(one["status"], one["mend"]) for one in checks if one["subject"] == newest[:8]]
              == [("unknown", scene.typed("bt2c-dr location status"))], checks)
        checked = scene.run("repository", "check", status=6)
        check("a check tells of it alone", [(one["object"], one["kind"], one["backups"]) for one in checked["findings"]]
              == [(f"manifests/{newest}", "unread", [newest])], checked)
        control(faults=[])
        scene.restores("when it is readable again")


def locked_bucket(scene):
    """Nobody asks for the disk of a bucket, or waits for the end of a lock that prune extends."""
    with fake_s3(scene) as (s3, control):
        settings = scene.home / "config/dr.toml"
        settings.write_text('repository = "none"\n' + s3.replace('"bucket"', '"mistyped"'))
        check("nothing was stored is said", scene.run("backup", status=1)["error"]["state"] == "no backup was stored")
        settings.write_text(f'repository = "none"\n{s3}object_lock_days = 30\n')
        scene.run("backup")
        phrase = next(one["id"] for one in scene.run("repository", "key", "list")["slots"] if one["kind"] == "recovery_phrase")
        control(faults=[{"kind": "status", "status": 403, "method": "GET", "path": "keys", "times": 1000}])
        check("nothing was changed is said", scene.run("repository", "key", "remove", phrase, status=1)["error"]["state"])
        control(faults=[])
        locked = scene.run("repository", "key", "remove", phrase, status=1)["error"]
        check("prune locks a key anew", "each prune locks it for longer" in locked["cause"], locked)
        check("what helps is told", "begin a new repository" in locked["hint"] and "nothing was changed" in locked["state"], locked)
        control(empty=True)
        for command, status in (("list-backups", 10), ("backup", 1)):
            hint = scene.run(command, status=status)["error"]["hint"]
            check(f"{command} tells of versions", "A bucket with versions" in hint and "disk" not in hint, hint)
        found = next(one for one in scene.run("doctor", status=3)["checks"] if one["name"] == "repository")
        check("doctor too", found["mend"] == "bring its objects back" and "versions" in found["detail"], found)


def upgrade(scene):
    scene.run("backup")
    scene.near.rename(scene.folder / "unplugged")
    scene.near.write_text("a file in its place")
    scene.grow()
    before = scene.run("upgrade-check", "before", status=6)
    check("which location lacks the backup is told",
          scene.states(before) == {"local": "ok", "near": "failed", "far": "ok"} and before["locations"][1]["error"], before)
    scene.run("upgrade-check", "after")
    shown = subprocess.run([program, "--home", str(scene.home), "--quiet", "upgrade-check", "before"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100)
    check("with nothing new too", shown.returncode == 6 and b"location 'near' has not got it" in shown.stdout, shown)
    scene.near.unlink()
    (scene.folder / "unplugged").rename(scene.near)
    before = scene.run("upgrade-check", "before")
    check("then all have it", set(scene.states(before).values()) == {"ok"}, before)


def without_a_folder(scene):
    scene.settings(head='repository = "none"')
    made = scene.run("backup")
    check("the named locations alone", scene.states(made) == {"near": "ok", "far": "ok"})
    scene.restores("without a folder of its own")
    check("two are too few", scene.run("location", "status", status=3)["healthy"] == 2)
    (scene.home / "config/dr.toml").write_text('repository = "none"\n')
    check("none at all is refused", "location" in scene.run("backup", status=2)["error"]["hint"])


def all_unmounted(scene):
    """No new repository is made beside the disks that hold the old one."""
    scene.run("backup")
    for location in (scene.local, scene.near, scene.far):
        shutil.rmtree(location)
        location.mkdir(parents=True)
    refused = scene.run("backup", status=1)
    check("the backup says why", "not mounted" in refused["error"]["cause"], refused)
    check("and the way on", "repository init" in refused["error"]["hint"], refused)
    check("nothing was stored", not any(any(location.iterdir()) for location in (scene.local, scene.near, scene.far)))
    scene.run("repository", "init")
    check("asked for, all begin anew", scene.states(scene.run("backup")) == {"local": "ok", "near": "ok", "far": "ok"})


def keys_of_an_empty_first(scene):
    """Where the first location lost its contents, or its recovery phrase, nobody is led to remove what others have."""
    def advised():
        return [one for one in scene.run("doctor", status=3)["checks"] if one["name"] == "location_keys"]

    scene.run("backup")
    keys = {one["kind"]: one["id"] for one in scene.run("repository", "key", "list")["slots"]}
    shutil.move(scene.home / "backups", scene.folder / "unmounted")
    (scene.home / "backups").mkdir()
    check("an empty first location advises nothing", advised() == [])
    refused = scene.run("repository", "key", "remove", keys["recovery_phrase"][:8], status=1)["error"]
    check("and removes nothing", "location sync local" in refused["hint"] and refused["state"] == "nothing was changed", refused)
    check("near has it", (scene.near / "keys" / keys["recovery_phrase"]).exists())
    shutil.rmtree(scene.home / "backups")
    shutil.move(scene.folder / "unmounted", scene.home / "backups")
    (scene.local / "keys" / keys["recovery_phrase"]).unlink()
    check("a phrase that the first alone lost: another is made first",
          [one["mend"].split("bt2c-dr")[-1].strip().endswith("repository key add --recovery-phrase") for one in advised()]
          == [True, True], advised())


for test in (everyday, all_unmounted, keys_of_an_empty_first, one_is_away, jobs_while_one_is_away, one_is_full, damage, packs_that_are_gone, killed,
             without_its_format, damaged_format, one_place_has_many_names, an_unmounted_disk, without_key_slots, beyond_sync, junk_is_no_backup, another_repository_in_place,
             nothing_new, damaged_newest, damaged_here_and_sound_away, copies_that_a_test_passed_over,
             limits_of_the_machine, advice_for_contents, two_nodes, one_place_twice, network_that_fails, backups_that_are_refused, locked_bucket, upgrade, without_a_folder):
    in_scene(test)
finish()
