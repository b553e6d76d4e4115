"""Gives the broker the accounts it cannot start without, as the broker's own user, before every start.

    seed-accounts SECRETS FIRST_ACL FOLDER

The registry's files in FOLDER, from before or from an earlier machine, stay as they are but for the machine's own
account (SECRETS/local.*), which is new after each boot. A machine that never saw the registry gets the accounts of
FIRST_ACL, ingest's, so that nothing is lost until it does; USER's password is SECRETS/USER.password.
"""

import os
import sys

from mqtt_saas.accounts import password_line, read, without_user, write_whole
from mqtt_saas.contract import ACL, PASSWORDS
from mqtt_saas.mqtt_probe import PROBE_USER


def seed(secrets: str, first_acl: str, folder: str) -> None:
    own = {name: _must(os.path.join(secrets, f"local.{name}")) for name in (PASSWORDS, ACL)}
    os.makedirs(folder, mode=0o700, exist_ok=True)
    password_file, acl_file = os.path.join(folder, PASSWORDS), os.path.join(folder, ACL)
    passwords, acl = read(password_file), read(acl_file)
    if not passwords or not acl:
        acl = _must(first_acl)
        users = [line.split()[1] for line in acl.splitlines() if line.startswith("user ")]
        passwords = "".join(password_line(user, _must(os.path.join(secrets, f"{user}.password"))) for user in users)
    passwords, acl = without_user(PROBE_USER, passwords, acl)
    # Rights before credentials: between the two nobody has more than he should.
    write_whole(acl_file, acl + own[ACL])
    write_whole(password_file, passwords + own[PASSWORDS])


def _must(path: str) -> str:
    text = read(path)
    if text is None:
        sys.exit(f"seed-accounts: {path} is missing")
    return text


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    seed(*sys.argv[1:])
