#!/usr/bin/python3 -B
"""Tries a broker's configuration before it is anybody's: starts a throw-away broker with it and probes that.

    rehearse-broker MOSQUITTO_CONF

Runs as the broker's user, in a sandbox without a network but its own loopback (activate-release sees to both): whatever
the configuration would open, nobody reaches it. Ends with 0 when every question was answered well, else with 1 and why.
"""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))

from accounts import password_line
from listeners import read_listeners
from mqtt_probe import PROBE_TOPIC, PROBE_USER, ProbeFailure, probe

MOSQUITTO = "/usr/sbin/mosquitto"
SERVER_NAME = "rehearsal.invalid"
PASSWORD = "rehearsal"
STOP_SECONDS = 10


def main(config):
    with tempfile.TemporaryDirectory(prefix="broker-rehearsal-") as folder:
        try:
            run(folder, prepare(config, folder))
        except (OSError, subprocess.SubprocessError, ProbeFailure) as error:
            sys.exit(f"the throw-away broker: {error}")


def prepare(config, folder):
    """Writes everything the broker needs; returns its listeners."""

    def own(name):
        return os.path.join(folder, name)

    certify = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    subject = ["-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}"]
    files = ["-keyout", own("key.pem"), "-out", own("certificate.pem")]
    subprocess.run(certify + subject + files, check=True, capture_output=True)
    write(own("passwords"), password_line(PROBE_USER, PASSWORD))
    write(own("acl"), f"user {PROBE_USER}\ntopic readwrite {PROBE_TOPIC}/#\n")
    with open(config, encoding="utf-8") as file:
        text = with_own_files(file.read(), own)
    listeners = read_listeners(text)
    if not listeners:
        raise ProbeFailure("mosquitto.conf has no listener")
    write(own("mosquitto.conf"), text)
    return listeners


def with_own_files(text, own):
    """The configuration with secrets, accounts, state and privileged ports replaced by throw-away ones; all else stays."""
    files = {
        "certfile": own("certificate.pem"),
        "keyfile": own("key.pem"),
        "password_file": own("passwords"),
        "acl_file": own("acl"),
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


def run(folder, listeners):
    log_file, own_ca = os.path.join(folder, "log"), os.path.join(folder, "certificate.pem")
    with open(log_file, "wb") as log:
        broker = subprocess.Popen([MOSQUITTO, "-c", os.path.join(folder, "mosquitto.conf")], stdout=log, stderr=log)
    try:
        for listener in listeners:
            probe(listener, SERVER_NAME, own_ca, PASSWORD, gone=lambda: broker.poll() is not None)
    except ProbeFailure as error:
        with open(log_file, encoding="utf-8", errors="replace") as log:
            words = [line for line in log.read().splitlines() if ": Error" in line][-3:]
        raise ProbeFailure("; ".join([str(error), *words])) from None
    finally:
        broker.terminate()
        try:
            broker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            broker.kill()
            broker.wait()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
