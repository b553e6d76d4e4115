#!/bin/sh
# Brings back a data disk that takes no writes any more: after an error the kernel stops all writes, so that the damage does
# not grow. What came since the last save is then in the broker's memory only. So the broker saves on the system disk and
# stops, the disk is checked and mounted again, and the broker starts from what it saved (choose-state). Meanwhile devices keep
# what they cannot publish.
#
#   repair-data-disk FOLDER RESCUE
set -eu
folder=$1 rescue=$2
mount=$(systemd-escape --path --suffix=mount "$folder")

mkdir -p "$rescue"
chown --reference="$folder" "$rescue"
chmod --reference="$folder" "$rescue"
# The broker sees this mount, too: systemd passes it on to the namespaces of its services.
mount --bind "$rescue" "$folder"
systemctl stop mosquitto.service
umount "$folder"

# Not "systemctl stop" of the mount: what starts when one of these ends would want it, and cancel the stop.
systemctl stop save-state registry-sync certificate-issue backup-state rehearse-state
for _ in $(seq 60); do
  umount "$folder" && break
  sleep 1
done
# Before it is mounted again, check-data-disk runs. systemd may not have seen yet that it is not mounted.
for _ in $(seq 10); do
  systemctl start "$mount"
  mountpoint -q "$folder" && break
  sleep 1
done
if findmnt -no FS-OPTIONS "$folder" | grep -Eq '(^|,)(emergency_)?ro(,|$)'; then
  echo "repair-data-disk: $folder still takes no writes" >&2
  exit 1
fi
systemctl start mosquitto.service save-state.service registry-sync.service
echo "repair-data-disk: $folder is mounted again, and the broker has started"
