"""Puts a configuration bundle into force on the broker machine, or leaves the one that is in force.

    broker-apply [--from CONTAINER_URL] SHA256   the bundle of this hash (what a deployment runs)
    broker-apply --boot                          the one the container's pointer names (what every boot runs)

Fetches the bundle and compares its hash; the rest is activate-release's, of the bundle in force: what is proven judges
what is new. Run again it changes nothing.

Exit: 0 in force. 1 refused, the old one is live. 2 wrong usage. 3 refused, and the old one could not be brought back: a
person is needed. 4 could not be fetched, or nothing is in force yet: try again. Decision 0007 says why it is so.
"""

import argparse
import fcntl
import os
import subprocess
import sys
import time
from typing import TextIO

from mqtt_saas import azure, release
from mqtt_saas.contract import HASH

LOCK = "/run/lock/mqtt-saas-apply.lock"
# The other run may be the first boot's, which waits for the vault and a certificate.
LOCK_PATIENCE_SECONDS = 600
# A new role assignment takes Azure up to ten minutes; then the boot unit, or the person, tries again.
RETRY: azure.Retry = {"attempts": 6, "pause": 5}


def say(text: str) -> None:
    print(f"broker-apply: {text}", flush=True)


def apply(container: str, digest: str) -> int:
    """Returns the exit code."""
    old = release.in_force()
    try:
        new = release.fetch(container, digest, **RETRY)
    except release.Refused as reason:
        say(f"REFUSED: {digest}: {reason}")
        say(f"nothing was changed; in force: {os.path.basename(old) if old else 'nothing yet'}")
        return 1 if old else 4
    say(f"bundle {digest[:12]} is here, and it is the one that was meant")
    program = os.path.join(old or new, "bin/activate-release.py")
    return subprocess.run([sys.executable, "-B", program, digest]).returncode


def lock() -> TextIO:
    """One run at a time; the kernel lets go of the lock when the process ends."""
    # Open until the process ends.
    file = open(LOCK, "w", encoding="utf-8")  # noqa: SIM115
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                say("another run has not ended")
                sys.exit(4)
        time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--from", dest="container", help="URL of the bundles' container; default: what the bundle in force says"
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--boot", action="store_true", help="the bundle the pointer names")
    which.add_argument("sha256", nargs="?", help="the bundle of this hash")
    arguments = parser.parse_args()
    if arguments.sha256 and not HASH.fullmatch(arguments.sha256):
        parser.error("a bundle is named by the 64 hexadecimal digits of its SHA-256")
    # Others read what is unpacked, whatever umask this was started with.
    os.umask(0o022)
    with lock():
        try:
            container = (arguments.container or release.settings()["blobUri"]).rstrip("/")
            code = apply(container, arguments.sha256 or release.wanted(container, **RETRY))
        except azure.AzureError as error:
            say(f"NOT FETCHED: {error}; nothing was changed")
            code = 4
    sys.exit(code)
