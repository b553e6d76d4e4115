"""Gives the broker the accounts it cannot start without, before every start.

    seed-accounts SECRETS SETTINGS FOLDER

Reads the secrets as root, then becomes FOLDER's own user, registry-sync's, before it looks at any name in there.

In a registry file that is there, from an earlier start or an earlier machine, only the machine's own account is replaced: it is
new after each boot. Where there is none, it makes one with ingest's accounts, so that ingest can drain the broker before
registry-sync has read the registry. SETTINGS names them; USER's password is SECRETS/USER.password.
"""

import json
import os
import sys

from mqtt_saas.accounts import FILE_MODE, account_line, read, with_account, write_whole
from mqtt_saas.contract import INGEST_PURPOSE, LOCAL_ACCOUNT, REGISTRY, REGISTRY_HEADER, SERVICE_RIGHTS

PASSWORD = ".password"


def seed(secrets: str, settings_file: str, folder: str) -> None:
    own = _must(os.path.join(secrets, LOCAL_ACCOUNT))
    users = [name.removesuffix(PASSWORD) for name in json.loads(_must(settings_file))["secrets"] if name.endswith(PASSWORD)]
    keys = {user: _must(os.path.join(secrets, f"{user}{PASSWORD}")) for user in users}
    _become_owner_of(folder)
    path = os.path.join(folder, REGISTRY)
    text = read(path)
    if not text:
        text = REGISTRY_HEADER
        for user, key in keys.items():
            text = with_account(text, account_line(user, key, SERVICE_RIGHTS[INGEST_PURPOSE]))
    write_whole(path, with_account(text, own), FILE_MODE)


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
