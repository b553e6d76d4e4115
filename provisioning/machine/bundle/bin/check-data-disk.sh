#!/bin/sh
# Checks the data disk before it is mounted, and repairs what a power cut or the disk left. The result is a figure: 0 nothing
# was wrong, 1 the disk was repaired, anything else is e2fsck(8)'s own code, and a person is needed.
#
#   check-data-disk FOLDER
set -eu
folder=$1 figures=/run/mqtt-saas-metrics/check-data-disk
! mountpoint -q "$folder" || exit 0
device=$(systemctl show --property=What --value "$(systemd-escape --path --suffix=mount "$folder")")

# Azure may attach the disk a little after the machine is up.
for _ in $(seq 60); do
  [ -e "$device" ] && break
  sleep 1
done

result=0
e2fsck -p "$device" || result=$?
# Nobody is there to answer its questions (4), and only -y takes a copy of a broken superblock (8). A state that lost a part is
# noticed at the broker's start.
[ "$((result & 12))" = 0 ] || { result=0; e2fsck -fy "$device" || result=$?; }
# Bit 1: the system should be restarted, which is about a root file system.
result=$((result & ~2))

cat >"$figures/data-disk.prom.new" <<END
# TYPE mqtt_saas_data_disk_check_result gauge
mqtt_saas_data_disk_check_result $result
# TYPE mqtt_saas_data_disk_checked_timestamp_seconds gauge
mqtt_saas_data_disk_checked_timestamp_seconds $(date +%s)
END
mv "$figures/data-disk.prom.new" "$figures/data-disk.prom"
[ "$result" -le 1 ] || { echo "check-data-disk: $device could not be repaired (e2fsck ended with $result)" >&2; exit 1; }
