"""Gives the broker the accounts it cannot start without, before every start.

    seed-accounts SECRETS FIRST_ACL FOLDER

Reads the secrets as root, then becomes FOLDER's own user, registry-sync's, before it looks at any name in there.

The registry's files in FOLDER, from before or from an earlier machine, stay as they are but for the machine's own
account (SECRETS/local.*), which is new after each boot. A machine that never saw the registry gets the accounts of
FIRST_ACL, ingest's, so that nothing is lost until it does; USER's password is SECRETS/USER.password.
"""

import os
import sys

from mqtt_saas.accounts import FILE_MODE, password_line, read, without_user, write_whole
from mqtt_saas.contract import ACL, PASSWORDS
from mqtt_saas.mqtt_probe import PROBE_USER


def seed(secrets: str, first_acl: str, folder: str) -> None:
    own = {name: _must(os.path.join(secrets, f"local.{name}")) for name in (PASSWORDS, ACL)}
    first = read(first_acl) or ""
    users = [line.split()[1] for line in first.splitlines() if line.startswith("user ")]
    keys = {path: read(path) for path in (os.path.join(secrets, f"{user}.password") for user in users)}
    _become_owner_of(folder)
    password_file, acl_file = os.path.join(folder, PASSWORDS), os.path.join(folder, ACL)
    passwords, acl = read(password_file), read(acl_file)
    if not passwords or not acl:
        missing = [path for path, key in {first_acl: first or None, **keys}.items() if key is None]
        if missing:
            sys.exit(f"seed-accounts: {missing[0]} is missing")
        acl = first
        passwords = "".join(password_line(user, key or "") for user, key in zip(users, keys.values(), strict=True))
    passwords, acl = without_user(PROBE_USER, passwords, acl)
    # Rights before credentials: between the two nobody has more than he should.
    write_whole(acl_file, acl + own[ACL], FILE_MODE)
    write_whole(password_file, passwords + own[PASSWORDS], FILE_MODE)


def _become_owner_of(folder: str) -> None:
    owner = os.stat(folder, follow_symlinks=False)
    if owner.st_uid != os.geteuid():
        os.setgroups([])
        os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
        os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)


def _must(path: str) -> str:
    text = read(path)
    if text is None:
        sys.exit(f"seed-accounts: {path} is missing")
    return text


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    seed(*sys.argv[1:])
