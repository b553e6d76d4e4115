"""Lines of the broker's registry file, for the accounts the machine makes itself, and files written whole."""

import base64
import hashlib
import os
import secrets
from collections.abc import Iterable

from mqtt_saas import durable
from mqtt_saas.contract import PBKDF2_ITERATIONS, SALT_BYTES

# Of the registry file. registry-sync's user writes it; its folder's group, which it gets by the set-group-id bit, is the
# broker's, and reads it.
FILE_MODE = 0o640


def account_line(user: str, password: str, rights: Iterable[str]) -> str:
    """`user $7$… right …`: the hash is PBKDF2-SHA512, as mosquitto_passwd makes it."""
    salt = secrets.token_bytes(SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, PBKDF2_ITERATIONS)
    salt_text, key_text = (base64.b64encode(data).decode() for data in (salt, key))
    return " ".join([user, f"$7${PBKDF2_ITERATIONS}${salt_text}${key_text}", *rights]) + "\n"


def with_account(text: str, line: str) -> str:
    """A registry file's text with this line in its place, instead of another one of the same user."""
    header, *lines = text.splitlines(keepends=True)
    others = [each for each in lines if _user(each) != _user(line)]
    return header + "".join(sorted([*others, line] if line else others, key=_user))


def _user(line: str) -> str:
    return line.split(" ", 1)[0]


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
