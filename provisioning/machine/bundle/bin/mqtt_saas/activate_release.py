"""Judges a bundle that was fetched, puts it into force and probes the broker; brings the old one back when that fails.

    activate-release SHA256        run by broker-apply, which holds the lock

Before anything is touched: the bundle's files, the firewall, the units, and a throw-away broker with its configuration,
probed. Exit codes are broker-apply's.
"""

import argparse
import os
import subprocess
import sys

from mqtt_saas import checks, durable, machine, release
from mqtt_saas.contract import AUTHORITY, BROKER_CONFIG, FORMER, RELEASES, SECRETS
from mqtt_saas.listeners import read_listeners
from mqtt_saas.machine import ActivationFailure
from mqtt_saas.mqtt_probe import PROBE_USER, ProbeFailure, probe


def say(text: str) -> None:
    print(f"broker-apply: {text}", flush=True)


def activate(digest: str) -> int:
    """Returns the exit code."""
    old, new = release.in_force(), os.path.join(RELEASES, digest)
    # Where the one in force is not whole any more, nobody goes back to it.
    back = old or release.former()
    try:
        checks.check_files(new)
        checks.check_machine(new)
        checks.check_broker(new)
        # Where something is in force, the same packages serve it: a refusal would only keep what is better from the machine.
        if back is None:
            checks.check_packages(new)
    except release.Refused as reason:
        say(f"REFUSED: {digest}: {reason}")
        say(f"nothing was changed; in force: {os.path.basename(old) if old else 'nothing yet'}")
        return 1 if old else 4
    say("its files, firewall and units are well-formed, and a throw-away broker with its configuration passed the probe")
    try:
        done = put_into_force(new, old)
    except (ActivationFailure, ProbeFailure, OSError) as reason:
        return switch_back(digest, back, new, reason)
    if old and old != new:
        durable.link(old, FORMER)
    tell_of_machine(new)
    same = " (it was already in force)" if new == old else ""
    say(f"PROBED: {digest}{same}; broker {done}, then asked: TLS, a publish and its delivery, refusals")
    return 0


def put_into_force(new: str, old: str | None) -> str:
    done = machine.activate(new, old)
    probe_broker(new)
    return done


def switch_back(digest: str, old: str | None, new: str, reason: Exception) -> int:
    if old is None or old == new:
        # Nothing to go back to: the vault, or on a first boot the certificate, may only be late.
        say(f"NOT WORKING YET: {digest}: {reason}")
        return 4
    say(f"switching back: {reason}")
    try:
        put_into_force(old, new)
    except (ActivationFailure, ProbeFailure, OSError) as failure:
        say(f"BROKEN: {digest} failed ({reason}), and {os.path.basename(old)} could not be brought back: {failure}")
        return 3
    say(f"REFUSED: {digest}: {reason}")
    say(f"switched back; in force and probed: {os.path.basename(old)}")
    return 1


def probe_broker(folder: str) -> None:
    authority = os.path.join(SECRETS, AUTHORITY)
    with open(os.path.join(SECRETS, f"{PROBE_USER}.password"), encoding="utf-8") as file:
        password = file.read()
    with open(os.path.join(folder, BROKER_CONFIG), encoding="utf-8") as file:
        listeners = read_listeners(file.read())
    name = release.settings(folder)["brokerHost"]
    for listener in listeners:
        probe(listener, name, authority if os.path.exists(authority) else None, password)


def tell_of_machine(folder: str) -> None:
    """Packages and units that somebody should look at, by the table and program of the new release."""
    program = os.path.join(folder, "bin/check-machine.py")
    if os.path.exists(program):
        found = subprocess.run([sys.executable, "-B", program], capture_output=True, text=True, errors="replace")
        for line in (found.stdout + found.stderr).splitlines():
            # Azure shows the last 4 KiB of what a command says.
            say(line[:400])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sha256")
    code = activate(parser.parse_args().sha256)
    machine.clear_away()
    sys.exit(code)
