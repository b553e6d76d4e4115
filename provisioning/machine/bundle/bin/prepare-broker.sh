#!/bin/sh
# Before every start of the broker, as root: users, folders and secrets of its services, and the machine's own account. Units
# make them, because a deployment, which calls this too, runs in a sandbox that may not. deploy-certificate comes after it.
set -eu
systemctl start prepare-broker.service && exit
journalctl --quiet --unit=prepare-broker --unit=make-folders --lines=8 --output=cat >&2
exit 1
