"""Attaches the machine to Ubuntu Pro with the vault's token, where the configuration asks for it; else does nothing.

    attach-pro

Without Ubuntu Pro nobody promises security updates for Ubuntu's universe, which has Mosquitto, certbot and fail2ban. What
ESM Apps has of them is installed at once: the broker restarts with it, with its sessions and queues.

Runs as root, who alone reaches the metadata service. The token goes through a pipe: no file, no argument and no line has it.

Exit: 0 attached, or not asked for. 1 not attached, with the reason; the next run tries again.
"""

import json
import shutil
import subprocess
import sys

from mqtt_saas import azure, release

RETRY: azure.Retry = {"attempts": 4, "pause": 5}
# What the vault's secret holds until a person sets it: stacks/tables/secrets.ts.
NOT_SET = "not set"
# Canonical's client changes apt's sources, keys and state of its own, which this program's sandbox does not let it.
OUTSIDE = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--property=RuntimeMaxSec=600"]
# What `pro attach` answers for a machine that is attached already.
ALREADY = 2


def attach() -> str | None:
    """Why the machine is not attached; None when it is."""
    settings = release.settings()
    name = settings["proTokenSecret"]
    if shutil.which("pro") is None:
        return "there is no Ubuntu Pro client here: is this Ubuntu?"
    token = azure.vault_secret(settings["vaultUri"], name, **RETRY).strip()
    if token == NOT_SET:
        vault = settings["vaultUri"].removeprefix("https://").split(".")[0]
        return f"its token is missing: az keyvault secret set --vault-name {vault} --name {name} --file TOKEN_FILE"
    config = json.dumps({"token": token, "enable_services": ["esm-infra", "esm-apps"]})
    # JSON is YAML, which the client reads.
    result = _run([*OUTSIDE, "pro", "attach", "--attach-config", "/dev/stdin"], config)
    if result.returncode not in (0, ALREADY):
        words = " ".join((result.stderr or result.stdout).replace(token, "TOKEN").split())
        return f"pro attach: {words[-300:] or f'exit {result.returncode}'}"
    if result.returncode == 0:
        print("attach-pro: attached; upgrades begin", flush=True)
        _run(["systemctl", "start", "--no-block", "apt-daily-upgrade.service"])
    return None


def _run(command: list[str], text: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, input=text, capture_output=True, text=True, errors="replace")


def main() -> None:
    if "proTokenSecret" not in release.settings():
        return
    try:
        reason = attach()
    except azure.AzureError as error:
        reason = str(error)
    if reason:
        sys.exit(f"attach-pro: not attached to Ubuntu Pro: {reason}")
