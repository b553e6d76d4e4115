#!/bin/sh
# What apt starts for dpkg during the first boot. Cloud-init asks dpkg not to sync what it unpacks, and starts apt through
# eatmydata, whose library makes every sync do nothing; after a power cut, packages would then be called installed whose files
# are empty. The last step of the first boot takes it away again.
unset LD_PRELOAD
for argument do
  shift
  [ "$argument" = --force-unsafe-io ] || set -- "$@" "$argument"
done
exec dpkg "$@"
