#!/bin/sh
# Gives a broker that has no accounts yet its first one, the ingest service, so that it can start before the registry was
# ever synchronised. The registry's own files, once there, are left alone.
#
#   seed-accounts SECRET_FILE ACL_FILE FOLDER OWNER
set -eu
secret=$1 acl=$2 folder=$3 owner=$4

[ -s "$folder/passwords" ] && exit 0
umask 077
mkdir -p "$folder"
# printf is the shell's own: the password is on no command line. mosquitto_passwd then hashes it in place, and the file
# it stood in is on the tmpfs beside the secret, not on the disk.
plain=$secret.plain
printf 'svc-ingest:%s\n' "$(cat "$secret")" >"$plain"
mosquitto_passwd -U "$plain"
cp "$plain" "$folder/passwords.new"
rm "$plain"
cp "$acl" "$folder/acl"
chown -R "$owner" "$folder"
# Last, in one step: it is what says that the accounts are there.
mv "$folder/passwords.new" "$folder/passwords"
