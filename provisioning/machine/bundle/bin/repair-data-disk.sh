#!/bin/sh
# Brings back a data disk that takes no writes any more: after an error the kernel lets nobody write, so that it gets no
# worse. The broker's memory then holds what no disk has. It saves that on the system disk, stops, the disk is checked and
# mounted again, and the broker starts from what it saved (choose-state). Devices keep meanwhile what they cannot publish.
#
#   repair-data-disk FOLDER RESCUE
set -eu
folder=$1 rescue=$2
mount=$(systemd-escape --path --suffix=mount "$folder")

mkdir -p "$rescue"
chown --reference="$folder" "$rescue"
chmod --reference="$folder" "$rescue"
# What is mounted over the folder here is so in the broker's namespace, too.
mount --bind "$rescue" "$folder"
systemctl stop mosquitto.service
umount "$folder"

# Not "systemctl stop" of the mount: what the end of one of these starts would want it, and cancel that.
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
