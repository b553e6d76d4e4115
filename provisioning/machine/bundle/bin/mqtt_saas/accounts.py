"""Lines of Mosquitto's password file and blocks of its ACL file, for the accounts the machine makes itself."""

import base64
import hashlib
import os
import secrets

from mqtt_saas import durable
from mqtt_saas.contract import PBKDF2_ITERATIONS, SALT_BYTES

# Of the broker's two files. registry-sync's user writes them; their folder's group, which they get by its set-group-id bit,
# is the broker's, and reads them.
FILE_MODE = 0o640


def password_line(user: str, password: str) -> str:
    """`user:$7$…`: PBKDF2-SHA512, as mosquitto_passwd makes it."""
    salt = secrets.token_bytes(SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, PBKDF2_ITERATIONS)
    salt_text, key_text = (base64.b64encode(data).decode() for data in (salt, key))
    return f"{user}:$7${PBKDF2_ITERATIONS}${salt_text}${key_text}\n"


def without_user(user: str, passwords: str, acl: str) -> tuple[str, str]:
    """Both texts without what they say about a user; the ACL ends with one line break."""
    kept = [line for line in passwords.splitlines(keepends=True) if not line.startswith(f"{user}:")]
    blocks, skip = [], False
    for line in acl.splitlines(keepends=True):
        if line.startswith("user "):
            skip = line.split() == ["user", user]
        if not skip:
            blocks.append(line)
    return "".join(kept), "".join(blocks).rstrip("\n") + "\n"


def write_whole(path: str, text: str, mode: int = 0o600, group: int = -1) -> bool:
    """Readers see the old file or the new one, never half of it; a file that is so already is left alone.

    True when its text is a new one.
    """
    is_new = read(path) != text
    if not is_new:
        found = os.stat(path)
        if found.st_mode & 0o777 == mode and group in (-1, found.st_gid):
            return False
    durable.write(path, text, mode, group)
    return is_new


def read(path: str) -> str | None:
    """A file's text; None when it is not there."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
