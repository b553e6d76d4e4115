#!/bin/sh
# Before every start of the broker, as root: users, folders and secrets of its services, and the machine's own account. In
# units, because what a deployment runs in may do less. The certificate is deploy-certificate's, which comes after it.
set -eu
systemctl start prepare-broker.service && exit
journalctl --quiet --unit=prepare-broker --unit=make-folders --lines=8 --output=cat >&2
exit 1
