#!/bin/sh
# Before every start of the broker, as root: its secrets and the machine's own account. The certificate is
# deploy-certificate's, which comes after it.
set -eu
bin=$(dirname "$(readlink -f "$0")")
"$bin/fetch-secrets.py" "$bin/../settings.json" /run/mqtt-saas mosquitto
"$bin/make-probe-account.py" /run/mqtt-saas mosquitto
