#!/bin/sh
# Lets the file system of the data disk fill its disk, while it is in use: a disk that was made larger in Azure has no more
# room until then. Run again it changes nothing.
#
#   grow-data-disk FOLDER
set -eu
folder=$1
# The file system has the whole disk: there is no partition to grow first.
device=$(readlink -f "$(findmnt -nfo SOURCE "$folder")")
size() { findmnt -bnfo SIZE "$folder"; }

# A SCSI disk's size is asked for once, unless the kernel is told to look again. NVMe tells by itself.
rescan=/sys/class/block/${device##*/}/device/rescan
[ ! -e "$rescan" ] || echo 1 >"$rescan"

before=$(size)
# Do not fail the unit: data_disk.py checks the size itself.
resize2fs "$device" 2>&1 || echo "grow-data-disk: $folder keeps its size"
after=$(size)
[ "$before" = "$after" ] || echo "grow-data-disk: $folder had $before bytes and has $after"
