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

if ! mountpoint -q "$folder"; then
  # A power cut may leave a new file system half done, so that is noted below, on the system disk.
  mkdir -p "$folder"
  unfinished=$folder/.formatting
  # A new disk is all zeros. Nothing else is formatted: blkid calls an ext4 with one wrong bit in its superblock empty.
  status=0
  [ -e "$unfinished" ] || cmp -s -n 1048576 "$device" /dev/zero || status=$?
  if [ "$status" = 0 ]; then
    touch "$unfinished"
    sync "$unfinished" "$folder"
    mkfs.ext4 -F -q -m 0 -L broker "$device"
    rm "$unfinished"
    sync "$folder"
  fi
  # Also what has a wrong checksum; nothing where even its mark is broken.
  found=$(wipefs --noheadings --output TYPE "$device")
  case $found in
    ext4 | '') ;;
    *) echo "mount-data-disk: $device holds $found and no state of a broker; nothing was changed" >&2; exit 1 ;;
  esac
  # Checked before it is mounted, as bin/check-data-disk.sh does at every boot. Bit 4: what is broken asks a question. Bit 8: the
  # superblock is broken, and there are copies.
  status=0
  e2fsck -p "$device" >&2 || status=$?
  [ "$((status & 12))" = 0 ] || e2fsck -fy "$device" >&2 || [ $? -lt 4 ]
fi

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

mountpoint -q "$folder" || mount -t ext4 -o "$options" "$device" "$folder"
# The user may have another number than on the machine before.
chown -R "$owner" "$folder"
chmod 0700 "$folder"
