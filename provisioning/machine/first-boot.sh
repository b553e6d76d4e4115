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
  # What has to be unpacked again fails here.
  dpkg --configure -a || true
  # By itself, apt may only try to configure it again.
  torn=$(dpkg-query --show --showformat='${db:Status-Eflag} ${binary:Package}\n' | sed -n 's/^reinstreq //p')
  if [ -n "$torn" ]; then
    apt-get update
    # shellcheck disable=SC2086 # a word a package
    DEBIAN_FRONTEND=noninteractive apt-get --yes --option=Dpkg::Options::=--force-confold --reinstall install $torn
  fi
  cloud-init single --name package_update_upgrade_install --frequency always
  [ -z "$(dpkg --audit)" ]
fi

sh /usr/local/lib/close-machine.sh

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
