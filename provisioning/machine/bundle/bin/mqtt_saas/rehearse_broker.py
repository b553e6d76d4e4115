"""Tries a broker's configuration before it goes into force: starts a throw-away broker with it and probes that.

    rehearse-broker MOSQUITTO_CONF

Runs as the broker's user, in a sandbox without a network but its own loopback (activate-release sees to both): whatever
the configuration would open, nobody reaches it. Ends with 0 when every question was answered well, else with 1 and why.
"""

import functools
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable

from mqtt_saas.accounts import account_line, with_account
from mqtt_saas.contract import (
    BROKER_CONFIG,
    DATABASE,
    GATE,
    INGEST_PURPOSE,
    REGISTRY,
    REGISTRY_HEADER,
    SERVICE_RIGHTS,
    STAMP_KEY,
)
from mqtt_saas.listeners import Listener, read_listeners
from mqtt_saas.mqtt_probe import PROBE_RIGHTS, PROBE_USER, ProbeFailure, probe

MOSQUITTO = "/usr/sbin/mosquitto"
SERVER_NAME = "rehearsal.invalid"
PASSWORD = "rehearsal"
STOP_SECONDS = 10


def rehearse(config: str) -> None:
    with tempfile.TemporaryDirectory(prefix="broker-rehearsal-") as folder:
        try:
            run(folder, prepare(config, folder))
        except (OSError, subprocess.SubprocessError, ProbeFailure) as error:
            sys.exit(f"the throw-away broker: {error}")


def prepare(config: str, folder: str) -> list[Listener]:
    """Writes everything the broker needs; returns its listeners."""

    def own(name: str) -> str:
        return os.path.join(folder, name)

    certify = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    subject = ["-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}"]
    files = ["-keyout", own("key.pem"), "-out", own("certificate.pem")]
    subprocess.run(certify + subject + files, check=True, capture_output=True)
    # The gate takes no registry without ingest.
    accounts = {"svc-ingest": SERVICE_RIGHTS[INGEST_PURPOSE], PROBE_USER: PROBE_RIGHTS}
    lines = [account_line(user, PASSWORD, rights) for user, rights in accounts.items()]
    write(own(REGISTRY), functools.reduce(with_account, lines, REGISTRY_HEADER))
    write(own(STAMP_KEY), secrets.token_hex(16))
    with open(config, encoding="utf-8") as file:
        # The gate is the bundle's own, not the one in force.
        text = with_own_files(file.read(), own, os.path.join(os.path.dirname(os.path.abspath(config)), GATE))
    listeners = read_listeners(text)
    if not listeners:
        raise ProbeFailure(f"{BROKER_CONFIG} has no listener")
    write(own(BROKER_CONFIG), text)
    return listeners


def with_own_files(text: str, own: Callable[[str], str], gate: str) -> str:
    """The configuration with gate, secrets, accounts, state and privileged ports replaced by throw-away ones."""
    files = {
        "certfile": own("certificate.pem"),
        "keyfile": own("key.pem"),
        "plugin": gate,
        "plugin_opt_registry_file": own(REGISTRY),
        "plugin_opt_key_file": own(STAMP_KEY),
        "plugin_opt_state_file": own(DATABASE),
        "plugin_opt_figures_file": own("broker-queue.prom"),
        "persistence_location": own(""),
    }
    lines = []
    for line in text.splitlines():
        option, *values = line.split() or [""]
        if option == "listener" and int(values[0]) < 1024:
            # Nobody may open such a port in the sandbox.
            line = f"listener {int(values[0]) + 10_000}"
        lines.append(f"{option} {files[option]}" if option in files else line)
    return "\n".join(lines) + "\n"


def run(folder: str, listeners: list[Listener]) -> None:
    log_file, own_ca = os.path.join(folder, "log"), os.path.join(folder, "certificate.pem")
    with open(log_file, "wb") as output:
        broker = subprocess.Popen([MOSQUITTO, "-c", os.path.join(folder, BROKER_CONFIG)], stdout=output, stderr=output)
    try:
        for listener in listeners:
            probe(listener, SERVER_NAME, own_ca, PASSWORD, gone=lambda: broker.poll() is not None)
    except ProbeFailure as error:
        with open(log_file, encoding="utf-8", errors="replace") as log:
            words = [line for line in log.read().splitlines() if ": Error" in line or ": gate: plugin_opt" in line][-3:]
        raise ProbeFailure("; ".join([str(error), *words])) from None
    finally:
        broker.terminate()
        try:
            broker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            broker.kill()
            broker.wait()


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rehearse(sys.argv[1])
