#!/bin/sh
# Mounts the data disk at the broker's state, now and at every boot. Makes a filesystem only on a disk that holds nothing
# at all, because the disk outlives machines: a rebuilt machine finds the sessions of the former one. Safe to run again.
#
#   mount-data-disk DEVICE FOLDER OWNER
set -eu
device=$1 folder=$2 owner=$3
# After an error nobody writes to it any more, so that it gets no worse; watch-broker then repairs it.
options=noatime,nodev,nosuid,noexec,errors=remount-ro

# Azure may attach the disk a little after the machine is up.
for _ in $(seq 60); do
  [ -e "$device" ] && break
  sleep 1
done

# blkid -p reads the disk itself and ends with 2 only when it finds no signature of any kind.
status=0
blkid -p "$device" >/dev/null || status=$?
case $status in
  # Checked before it is mounted, as bin/check-data-disk.sh does at every boot. Bit 4: what is broken asks a question.
  0) mountpoint -q "$folder" || {
    e2fsck -p "$device" >&2 || status=$?
    [ "$((status & 4))" = 0 ] || e2fsck -fy "$device" >&2 || [ $? -lt 4 ]
  } ;;
  2) mkfs.ext4 -q -m 0 -L broker "$device" ;;
  *) echo "mount-data-disk: $device cannot be read; nothing was changed" >&2; exit 1 ;;
esac

# A unit and not a line of fstab: what needs the folder waits for it, and does not start without it.
unit=$(systemd-escape --path --suffix=mount "$folder")
cat >"/etc/systemd/system/$unit" <<END
[Unit]
Description=Data disk with the state of the MQTT broker

[Mount]
What=$device
Where=$folder
Type=ext4
Options=$options

[Install]
WantedBy=multi-user.target
END

mkdir -p "$folder"
mountpoint -q "$folder" || mount -t ext4 -o "$options" "$device" "$folder"
# The user may have another number than on the machine before.
chown -R "$owner" "$folder"
chmod 0700 "$folder"
