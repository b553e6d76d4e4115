"""Brings the machine's secrets from Key Vault into memory, with the machine's own identity.

    fetch-secrets SETTINGS FOLDER GROUP

Runs as root before every start of the broker. SETTINGS is the bundle's settings.json, which says which secret becomes
which file. FOLDER lies on a tmpfs. GROUP, registry-sync's, may read the database's address, and the broker's group the key of
its stamps. Only root may read the other files.

When the vault does not answer, the files of an earlier run are used, or those of the last boot (last_good.py), after one
attempt, so that no start waits for the network without need. They are then marked as old, and watch-broker has this run again
every minute.
"""

import grp
import json
import os
import sys

from mqtt_saas import azure, last_good
from mqtt_saas.accounts import write_whole
from mqtt_saas.contract import OLD_SECRETS, REGISTRY_URL, STAMP_KEY, USERS

BROKER_GROUP = os.environ.get("BROKER_GROUP", USERS["broker"])
KEPT = "secrets"
# A new role assignment takes Azure up to ten minutes; systemd starts the broker, and with it this, again and again.
RETRY: azure.Retry = {"attempts": int(os.environ.get("ATTEMPTS", "4")), "pause": float(os.environ.get("PAUSE_SECONDS", "5"))}


def fetch(settings_file: str, folder: str, group_name: str) -> None:
    with open(settings_file, encoding="utf-8") as file:
        settings = json.load(file)
    groups = {REGISTRY_URL: group_name, STAMP_KEY: BROKER_GROUP}
    os.makedirs(folder, exist_ok=True)
    # A service reaches a file whose name it knows; only root lists them. An older release gave the folder to the broker.
    os.chown(folder, -1, os.getegid())
    os.chmod(folder, 0o711)
    paths = {os.path.join(folder, file): name for file, name in settings["secrets"].items()}
    kept = last_good.recall(KEPT) or {}
    can_go_on = all(map(os.path.exists, paths)) or kept.keys() >= settings["secrets"].keys()
    retry: azure.Retry = {"attempts": 1, "pause": 0} if can_go_on else RETRY
    mark = os.path.join(folder, OLD_SECRETS)
    try:
        # All of them before the first is written: what belongs together stays together.
        values = {path: azure.vault_secret(settings["vaultUri"], name, **retry) for path, name in paths.items()}
    except azure.AzureError as error:
        if not can_go_on:
            sys.exit(f"fetch-secrets: {error}; the broker cannot start without its secrets")
        print(f"fetch-secrets: {error}; the broker goes on with what it had", file=sys.stderr)
        values = {path: kept[os.path.basename(path)] for path in paths if not os.path.exists(path)}
        write_whole(mark, "")
    else:
        last_good.keep(KEPT, {os.path.basename(path): value for path, value in values.items()})
        if os.path.exists(mark):
            os.remove(mark)
    for path, value in values.items():
        group = groups.get(os.path.basename(path))
        # Not 0640, an older release's mode: should that release come back, it finds another mode and gives the file to its own
        # agent.
        write_whole(path, value, *((0o440, grp.getgrnam(group).gr_gid) if group else (0o600,)))


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    fetch(*sys.argv[1:])
