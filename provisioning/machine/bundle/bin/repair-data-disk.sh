#!/bin/sh
# Brings back a data disk that takes no writes any more: after an error the kernel lets nobody write, so that it gets no
# worse. The broker's memory then holds what no disk has. It saves that on the system disk, stops, the disk is checked and
# mounted anew, and the broker starts from what it saved (choose-state). Devices keep meanwhile what they cannot publish.
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

# With all that need it. Before it is mounted again, check-data-disk runs.
systemctl stop "$mount"
systemctl start "$mount"
systemctl start mosquitto.service save-state.service registry-sync.service
echo "repair-data-disk: $folder is mounted again, and the broker has started"
