"""Keys and wallet files against the libraries that the chain's own tools use: CPython's random module and
PyCryptodome, which Debian has as Cryptodome.

usage: reference_keys.py PROGRAM [PHRASES]
"""

import base64
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

try:
    from Cryptodome import __version__ as version
    from Cryptodome.Cipher import AES
    from Cryptodome.PublicKey import RSA
except ImportError as error:
    print(f"no PyCryptodome for {sys.executable}: {error}")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)

password = "a password of the test"


def reference_key(phrase):
    seed = hashlib.pbkdf2_hmac("sha512", phrase.encode(), b"mnemonic", 2048)
    random.seed(int.from_bytes(hashlib.sha512(seed).digest(), "big"))
    return RSA.generate(2048, randfunc=lambda size: bytes(random.randint(0, 255) for _ in range(size)))


def address_of(key):
    digest = hashlib.sha256(key.public_key().export_key("DER")).digest()
    return "bt2c_" + base64.b32encode(digest[:16]).decode().lower().rstrip("=")


def key_in(wallet):
    sealed = {name: base64.b64decode(text) for name, text in wallet["encrypted_private_key"].items()}
    key = hashlib.pbkdf2_hmac("sha1", password.encode(), sealed["salt"], 1_000_000, 32)
    plain = AES.new(key, AES.MODE_CBC, sealed["iv"]).decrypt(sealed["encrypted_key"])
    return plain[: -plain[-1]]


def compare(program, count):
    failures = 0
    seconds = []
    with tempfile.TemporaryDirectory() as home:
        # Texts that are no BIP39 phrases do as well: the derivation takes any.
        for number in range(count):
            phrase = " ".join(os.urandom(4).hex() for _ in range(12))
            begin = time.perf_counter()
            key = reference_key(phrase)
            seconds.append(time.perf_counter() - begin)
            done = subprocess.run(
                [program, "--home", home, "--json", "--quiet", "recover-keys", "--raw-phrase", "--seed-phrase", "-"],
                input=phrase.encode(), stdout=subprocess.PIPE, env={**os.environ, "BT2C_WALLET_PASSWORD": password},
                check=True)
            result = json.loads(done.stdout)
            wallet = json.loads(pathlib.Path(result["wallet_file"]).read_text())
            same = (
                result["address"] == wallet["address"] == address_of(key)
                and base64.b64decode(wallet["public_key"]) == key.public_key().export_key("DER")
                and key_in(wallet) == key.export_key("DER")
                and wallet["seed_phrase_hash"] == hashlib.sha256(phrase.encode()).hexdigest()
            )
            if not same:
                failures += 1
                print(f"failed: the key of '{phrase}' is another one")
    print(f"{count} keys compared; PyCryptodome took {sorted(seconds)[count // 2] * 1000:.0f} ms for one, at the median")
    return failures


if __name__ == "__main__":
    sys.exit(1 if compare(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6) else 0)
