"""Gives each service's user its folders, also those that an older release or a machine with other numbers left to others.

    make-folders

Runs as root before every start of the broker. The data disk's own folder is root's: the broker's group may put names there,
and take away its own, but none of another's (the sticky bit). So no link of the broker's stands for a folder that root or
another service uses.
"""

import os
import pwd
import sys

from mqtt_saas import foreign
from mqtt_saas.contract import ACCOUNTS, ACME_STATE, BROKER, LOG, STATE, UIDS, USERS


def make(state: str, accounts: str, acme_state: str, log: str, users: dict[str, pwd.struct_passwd]) -> None:
    broker, agent, acme = (users[role] for role in ("broker", "agent", "acme"))
    foreign.make_folder(state, 0, broker.pw_gid, 0o1771)
    # The bit gives the broker's group to what the agent makes there.
    foreign.make_folder(accounts, agent.pw_uid, broker.pw_gid, 0o2770)
    foreign.give(accounts, agent.pw_uid, broker.pw_gid, 0o640)
    foreign.make_folder(acme_state, acme.pw_uid, acme.pw_gid, 0o700)
    foreign.give(acme_state, acme.pw_uid, acme.pw_gid)
    # The package gives it to the broker, and root's logrotate works in it.
    if os.path.isdir(log):
        foreign.make_folder(log, 0, 0, 0o755)


def check_numbers(users: dict[str, pwd.struct_passwd]) -> None:
    for role, uid in UIDS.items():
        if users[role].pw_uid != uid:
            name = USERS[role]
            sys.exit(
                f"make-folders: user {name} has the number {users[role].pw_uid}, and the firewall expects {uid}, which another "
                f"user has: getent passwd {uid}. Give that one another number (usermod --uid), then: "
                f"userdel {name} && systemctl restart {BROKER}"
            )


def main() -> None:
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    try:
        users = {role: pwd.getpwnam(name) for role, name in USERS.items()}
        check_numbers(users)
        make(STATE, ACCOUNTS, ACME_STATE, LOG, users)
    except (OSError, KeyError) as error:
        sys.exit(f"make-folders: {error}")
