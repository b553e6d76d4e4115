"""Makes the machine's own broker account, svc-probe, once a boot: broker-apply asks the broker its questions with it.

    make-probe-account FOLDER

Leaves in FOLDER (a tmpfs) svc-probe.password, root's alone, and local.passwords and local.acl: the lines that belong into the
broker's two files beside the registry's. These two are no secret: a hash of 256 random bits.
"""

import os
import secrets
import sys

from mqtt_saas.accounts import password_line, write_whole
from mqtt_saas.mqtt_probe import PROBE_TOPIC, PROBE_USER


def make(folder: str) -> None:
    password_file = os.path.join(folder, f"{PROBE_USER}.password")
    acl = f"\nuser {PROBE_USER}\ntopic readwrite {PROBE_TOPIC}/#\n"
    write_whole(os.path.join(folder, "local.acl"), acl, 0o644)
    if os.path.exists(password_file):
        # An older release let only the broker's group read it.
        os.chmod(os.path.join(folder, "local.passwords"), 0o644)
        return
    password = secrets.token_hex(32)
    write_whole(os.path.join(folder, "local.passwords"), password_line(PROBE_USER, password), 0o644)
    # Last: it says that the account is made.
    write_whole(password_file, password)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(*sys.argv[1:])
