# Installed as /usr/local/lib/close-machine.sh. What the first boot of every machine changes in files that packages brought.
# shellcheck shell=dash
set -eu

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
