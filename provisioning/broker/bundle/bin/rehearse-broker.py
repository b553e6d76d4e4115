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
    """Writes everything the broker needs; returns its first port."""

    def own(name):
        return os.path.join(folder, name)

    certify = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    subject = ["-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}"]
    files = ["-keyout", own("key.pem"), "-out", own("certificate.pem")]
    subprocess.run(certify + subject + files, check=True, capture_output=True)
    write(own("passwords"), password_line(PROBE_USER, PASSWORD))
    write(own("acl"), f"user {PROBE_USER}\ntopic readwrite {PROBE_TOPIC}/#\n")
    with open(config, encoding="utf-8") as file:
        text, ports = with_own_files(file.read(), own)
    if not ports:
        raise ProbeFailure("mosquitto.conf has no listener")
    write(own("mosquitto.conf"), text)
    return ports[0]


def with_own_files(text, own):
    """The configuration with secrets, accounts and state replaced by throw-away ones; all else stays as it is."""
    files = {
        "certfile": own("certificate.pem"),
        "keyfile": own("key.pem"),
        "password_file": own("passwords"),
        "acl_file": own("acl"),
        "persistence_location": own(""),
    }
    lines, ports = [], []
    for line in text.splitlines():
        option = (line.split() or [""])[0]
        if option == "listener":
            ports.append(int(line.split()[1]))
        lines.append(f"{option} {files[option]}" if option in files else line)
    return "\n".join(lines) + "\n", ports


def run(folder, port):
    log_file = os.path.join(folder, "log")
    with open(log_file, "wb") as log:
        broker = subprocess.Popen([MOSQUITTO, "-c", os.path.join(folder, "mosquitto.conf")], stdout=log, stderr=log)
    try:
        probe(port, SERVER_NAME, os.path.join(folder, "certificate.pem"), PASSWORD, gone=lambda: broker.poll() is not None)
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
