#!/usr/bin/python3
"""Brings the broker's secrets from Key Vault into memory, with the machine's own identity.

    fetch-secrets VAULT_URI FOLDER GROUP NAME=FILE ...

Runs as root before every start of the broker. FOLDER lies on a tmpfs, so nothing is ever written to a disk; GROUP, the
broker's, may read it. Python and not a shell with curl, because a token on a command line is readable by every process of the machine. Its package is
part of Ubuntu Server; it needs no module beyond the standard library.

When the vault does not answer but an earlier run brought every file, the broker starts with those.
"""

import grp
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# Source: "How to use managed identities on an Azure VM to acquire an access token".
METADATA = os.environ.get("METADATA_ENDPOINT", "http://169.254.169.254")
VAULT_API = "7.4"
TIMEOUT_SECONDS = 10
# A new role assignment takes Azure up to ten minutes. systemd starts this again when it gives up.
ATTEMPTS = int(os.environ.get("ATTEMPTS", "6"))
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "10"))

# Neither the metadata service nor the vault is reached through a proxy.
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get_json(url, headers):
    with http.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_SECONDS) as answer:
        return json.load(answer)


def get_token():
    query = urllib.parse.urlencode({"api-version": "2018-02-01", "resource": "https://vault.azure.net"})
    url = f"{METADATA}/metadata/identity/oauth2/token?{query}"
    return get_json(url, {"Metadata": "true"})["access_token"]


def get_secret(vault, name, token):
    url = f"{vault}/secrets/{name}?api-version={VAULT_API}"
    return get_json(url, {"Authorization": f"Bearer {token}"})["value"]


def write_whole(path, text, group):
    """Readers see the old file or the new one, never half of it."""
    beside = f"{path}.new"
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchown(file.fileno(), -1, group)
        os.fchmod(file.fileno(), 0o640)
        file.write(text)
    os.replace(beside, path)


def fetch(vault, folder, group, files):
    token = get_token()
    # All of them before the first is written: a certificate must not meet another one's key.
    secrets = {file: get_secret(vault, name, token) for name, file in files}
    for file, text in secrets.items():
        write_whole(os.path.join(folder, file), text, group)


def main(vault, folder, group_name, *pairs):
    files = [pair.split("=", 1) for pair in pairs]
    group = grp.getgrnam(group_name).gr_gid
    os.makedirs(folder, exist_ok=True)
    os.chown(folder, -1, group)
    os.chmod(folder, 0o750)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return fetch(vault, folder, group, files)
        except (OSError, ValueError, KeyError) as error:
            # The error names the address and the status, never a token or a value.
            print(f"fetch-secrets: attempt {attempt} of {ATTEMPTS}: {error}", file=sys.stderr)
        if attempt < ATTEMPTS:
            time.sleep(PAUSE_SECONDS)
    if all(os.path.exists(os.path.join(folder, file)) for _, file in files):
        print("fetch-secrets: the vault is away; the broker starts with what it had", file=sys.stderr)
        return None
    sys.exit("fetch-secrets: the broker cannot start without its secrets")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
