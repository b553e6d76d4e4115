#!/usr/bin/python3 -B
"""Gives the broker the accounts it cannot start without, as the broker's own user, before every start.

    seed-accounts SECRETS FIRST_ACL FOLDER

The registry's files in FOLDER, from before or from an earlier machine, stay as they are but for the machine's own
account (SECRETS/local.*), which is new after each boot. A machine that never saw the registry gets the accounts of
FIRST_ACL, ingest's, so that nothing is lost until it does; USER's password is SECRETS/USER.password.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))

from accounts import password_line, read, without_user, write_whole
from mqtt_probe import PROBE_USER


def main(secrets, first_acl, folder):
    own = {name: read(os.path.join(secrets, f"local.{name}")) for name in ("passwords", "acl")}
    os.makedirs(folder, mode=0o700, exist_ok=True)
    password_file, acl_file = os.path.join(folder, "passwords"), os.path.join(folder, "acl")
    passwords, acl = read(password_file), read(acl_file)
    if not passwords or not acl:
        acl = read(first_acl)
        users = [line.split()[1] for line in acl.splitlines() if line.startswith("user ")]
        passwords = "".join(password_line(user, read(os.path.join(secrets, f"{user}.password"))) for user in users)
    passwords, acl = without_user(PROBE_USER, passwords, acl)
    # Rights before credentials: between the two nobody has more than he should.
    write_whole(acl_file, acl + own["acl"])
    write_whole(password_file, passwords + own["passwords"])


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
