#!/bin/sh
# Installs Debian packages that the image lacks, and leaves no list and no archive behind.
set -eu
missing=
for package; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done
[ -z "$missing" ] && exit
export DEBIAN_FRONTEND=noninteractive
# Postgres' package makes a cluster; the volume has ours.
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
apt-get update
# shellcheck disable=SC2086 # words
apt-get install --yes --no-install-recommends $missing
apt-get clean
rm -rf /var/lib/apt/lists/*
