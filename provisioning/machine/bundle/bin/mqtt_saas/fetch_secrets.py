"""Brings the machine's secrets from Key Vault into memory, with the machine's own identity.

    fetch-secrets SETTINGS FOLDER GROUP

Runs as root before every start of the broker. SETTINGS is the bundle's settings.json, which says which secret becomes
which file. FOLDER lies on a tmpfs, so nothing is ever written to a disk. GROUP, registry-sync's, may read the database's
address, and the broker's group the key of its stamps; every other file is root's alone.

When the vault does not answer but an earlier run brought every file, those are used.
"""

import grp
import json
import os
import sys

from mqtt_saas import azure
from mqtt_saas.accounts import write_whole
from mqtt_saas.contract import REGISTRY_URL, STAMP_KEY, USERS

BROKER_GROUP = os.environ.get("BROKER_GROUP", USERS["broker"])
# A new role assignment takes Azure up to ten minutes; systemd starts the broker, and with it this, again and again.
RETRY: azure.Retry = {"attempts": int(os.environ.get("ATTEMPTS", "4")), "pause": float(os.environ.get("PAUSE_SECONDS", "5"))}


def fetch(settings_file: str, folder: str, group_name: str) -> None:
    with open(settings_file, encoding="utf-8") as file:
        settings = json.load(file)
    groups = {REGISTRY_URL: group_name, STAMP_KEY: BROKER_GROUP}
    os.makedirs(folder, exist_ok=True)
    # Passed through by who knows a file's name; read, and so locked, by root only.
    os.chmod(folder, 0o711)
    paths = {os.path.join(folder, file): name for file, name in settings["secrets"].items()}
    try:
        # All of them before the first is written: what belongs together stays together.
        values = {path: azure.vault_secret(settings["vaultUri"], name, **RETRY) for path, name in paths.items()}
    except azure.AzureError as error:
        if not all(map(os.path.exists, paths)):
            sys.exit(f"fetch-secrets: {error}; the broker cannot start without its secrets")
        print(f"fetch-secrets: {error}; the broker goes on with what it had", file=sys.stderr)
        return
    for path, value in values.items():
        group = groups.get(os.path.basename(path))
        # 0440: an older release, should one come back, takes it for not its own and writes it for its own agent.
        write_whole(path, value, *((0o440, grp.getgrnam(group).gr_gid) if group else (0o600,)))


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    fetch(*sys.argv[1:])
