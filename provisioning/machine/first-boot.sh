#!/bin/sh
# The last step of the first boot, when packages and files are there: the machine is closed, its data disk is mounted, and
# the service that fetches the broker's configuration starts. Ends at the first step that fails, and cloud-init says so:
# a broker on the wrong disk would be worse than none.
#
#   first-boot DATA_DISK
set -eu
home=/opt/mqtt-saas

# A power cut may have come in the middle of a package; cloud-init installs nothing beside it.
if [ -n "$(dpkg --audit)" ]; then
  dpkg --configure -a
  cloud-init single --name package_update_upgrade_install --frequency always
fi

# Whatever is made from now on is nobody else's to read, and a password, should one ever be set, is slow to guess. No
# expiry: sshd refuses the key of an account whose password has expired, which would lock the administrators out.
sed -i -E '/^(UMASK|PASS_MIN_DAYS|SHA_CRYPT_(MIN|MAX)_ROUNDS)\s/d' /etc/login.defs
printf '%s\n' 'UMASK 027' 'PASS_MIN_DAYS 1' 'SHA_CRYPT_MIN_ROUNDS 65536' 'SHA_CRYPT_MAX_ROUNDS 65536' >>/etc/login.defs

# Nobody but root becomes another user by su (an empty group), and shared memory runs nothing. systemd remounts it so at
# each boot because of fstab.
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
sync
touch "$home/first-boot-ended"
sync "$home/first-boot-ended" "$home"
# Not waited for: the deployment asks for the outcome, and the machine may wait for a certificate.
systemctl start --no-block broker-apply-boot

# What died already, named for whoever reads cloud-init's log; check-machine of the bundle goes on looking.
dead=$(systemctl list-units --state=failed --plain --no-legend | cut -d' ' -f1 | xargs)
[ -z "$dead" ] || { echo "first-boot: not active: $dead" >&2; exit 1; }
