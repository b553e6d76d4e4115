"""Makes the machine's own broker account, svc-probe, once a boot: broker-apply asks the broker its questions with it.

    make-probe-account FOLDER

Leaves in FOLDER (a tmpfs) svc-probe.password, root's alone, and local.account: the line that belongs into the registry file
beside the registry's. That line is not a secret: it has a hash of 256 random bits.
"""

import os
import secrets
import sys

from mqtt_saas.accounts import account_line, write_whole
from mqtt_saas.contract import LOCAL_ACCOUNT
from mqtt_saas.mqtt_probe import PROBE_RIGHTS, PROBE_USER


def make(folder: str) -> None:
    password_file = os.path.join(folder, f"{PROBE_USER}.password")
    # Without the line the account is of an older release, and its password in another file.
    if os.path.exists(password_file) and os.path.exists(os.path.join(folder, LOCAL_ACCOUNT)):
        return
    password = secrets.token_hex(32)
    write_whole(os.path.join(folder, LOCAL_ACCOUNT), account_line(PROBE_USER, password, PROBE_RIGHTS), 0o644)
    # Last: it says that the account is made.
    write_whole(password_file, password)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(*sys.argv[1:])
