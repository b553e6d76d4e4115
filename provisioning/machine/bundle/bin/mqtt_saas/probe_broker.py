"""Asks the running broker for its service once: TLS, sign-in, a publish, its delivery, on every listener.

    probe-broker                    run by watch-broker, once a minute

Runs as a user of its own, who has the machine's own account (svc-probe) and nothing else. A broker that is saving a full
queue serves nobody for some seconds, so it is asked three times before it is called hung.

Exit codes: 0 it answers. 1 it does not. 3 a careful device refuses its certificate, which no restart changes.
"""

import os
import sys
import time

from mqtt_saas import contract, release
from mqtt_saas.listeners import read_listeners
from mqtt_saas.mqtt_probe import CertificateRefused, ProbeFailure, answers

ATTEMPTS, PAUSE_SECONDS = 3, 15
NO_ANSWER, CERTIFICATE = 1, 3


def ask(credentials: str) -> None:
    """`credentials`: folder with the account's password and who vouches for the certificate. Raises ProbeFailure."""
    with open(os.path.join(credentials, "password"), encoding="utf-8") as file:
        password = file.read()
    with open(os.path.join(contract.CURRENT, contract.BROKER_CONFIG), encoding="utf-8") as file:
        listeners = read_listeners(file.read())
    name = release.settings()["brokerHost"]
    for listener in listeners:
        answers(listener, name, os.path.join(credentials, contract.AUTHORITY), password)


def main() -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask(os.environ["CREDENTIALS_DIRECTORY"])
        except CertificateRefused as failure:
            print(f"probe-broker: {failure}", file=sys.stderr)
            sys.exit(CERTIFICATE)
        except (ProbeFailure, OSError) as failure:
            print(f"probe-broker: attempt {attempt} of {ATTEMPTS}: {failure}", file=sys.stderr)
        if attempt < ATTEMPTS:
            time.sleep(PAUSE_SECONDS)
    sys.exit(NO_ANSWER)
