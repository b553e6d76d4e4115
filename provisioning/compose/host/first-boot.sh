#!/bin/sh
# The last step of the first boot, when packages and files are there: the host is closed, and the hypervisor hears of it. Ends at the
# first step that fails, and cloud-init says so.
set -eu

sh /usr/local/lib/close-machine.sh

systemctl enable nftables
# Not a restart of the service: that removes Docker's tables, too.
nft -f /etc/nftables.conf
systemctl restart systemd-sysctl systemd-journald fail2ban
# Not daemon-reload: limits of the manager itself are read only so.
systemctl daemon-reexec
systemctl enable --now swapfile.swap

# The hypervisor waits for its agent. The agent's device was there before the package, and with it the rule that starts the service:
# the device is announced once more.
if [ -e /dev/virtio-ports/org.qemu.guest_agent.0 ]; then
  udevadm control --reload
  udevadm trigger --settle --action=add --subsystem-match=virtio-ports
  systemctl start qemu-guest-agent
fi
