#!/bin/sh
# The last step of the first boot, when packages and files are there: the machine is closed, its data disk is mounted, and
# the service that fetches the broker's configuration starts. Ends at the first step that fails, and cloud-init says so:
# a broker on the wrong disk would be worse than none.
#
#   first-boot DATA_DISK
set -eu
home=/opt/mqtt-saas

# A power cut may have come in the middle of a package; beside that one, nothing was installed now.
if [ -n "$(dpkg --audit)$(ls /var/lib/dpkg/updates)" ]; then
  # What has to be unpacked again fails here, and apt does it.
  dpkg --configure -a || true
  cloud-init single --name package_update_upgrade_install --frequency always
  [ -z "$(dpkg --audit)" ]
fi

# New files are closed to other users, and a password, if one is ever set, is slow to guess. Passwords do not expire: sshd
# refuses the key of an account whose password has expired, which would lock the administrators out.
sed -i -E '/^(UMASK|PASS_MIN_DAYS|SHA_CRYPT_(MIN|MAX)_ROUNDS)\s/d' /etc/login.defs
printf '%s\n' 'UMASK 027' 'PASS_MIN_DAYS 1' 'SHA_CRYPT_MIN_ROUNDS 65536' 'SHA_CRYPT_MAX_ROUNDS 65536' >>/etc/login.defs

# Only root may use su (the group is empty), and nothing in shared memory can be executed. At each boot systemd applies
# the options in fstab.
groupadd --force --system sugroup
sed -i -E 's/^#\s*(auth\s+required\s+pam_wheel\.so)$/\1 use_uid group=sugroup/' /etc/pam.d/su
shm='nosuid,nodev,noexec'
grep -q ' /dev/shm ' /etc/fstab || echo "tmpfs /dev/shm tmpfs $shm 0 0" >>/etc/fstab
mount -o "remount,$shm" /dev/shm

chmod 0440 /etc/sudoers.d/10-mqtt-saas
chmod 0750 /home/*
(cd /etc && chmod go= crontab cron.d cron.daily cron.hourly cron.monthly cron.weekly ssh/sshd_config)

systemctl enable nftables
systemctl restart nftables
systemctl restart systemd-sysctl systemd-journald fail2ban

/usr/local/sbin/mount-data-disk "$1" /var/lib/mosquitto mosquitto:mosquitto
# Not daemon-reload: limits of the manager itself are read only so.
systemctl daemon-reexec
systemctl enable var-lib-mosquitto.mount
systemctl enable --now swapfile.swap

# Until there is a bundle, what the first boot brought stands for it.
[ -e "$home/current" ] || ln -s "$home/bootstrap" "$home/current"
systemctl enable broker-apply-boot
# From here on nothing of the first boot is done again: see bootcmd in the user data.
rm /etc/apt/apt.conf.d/99-first-boot
find /etc -xdev '(' -type d -o -type f ')' -exec chattr -f -S {} + || true
sync -f / /var/lib/mosquitto
touch "$home/first-boot-ended"
sync "$home/first-boot-ended" "$home"
# Not waited for: the deployment asks for the outcome, and the machine may wait for a certificate.
systemctl start --no-block broker-apply-boot

# Names failed units in cloud-init's log. The bundle's check-machine keeps looking.
dead=$(systemctl list-units --state=failed --plain --no-legend | cut -d' ' -f1 | xargs)
[ -z "$dead" ] || { echo "first-boot: not active: $dead" >&2; exit 1; }
