#!/bin/sh
# A machine and a busy site, each in a network namespace of its own. Prints what the machine took from the site. Runs as the
# first process of a new PID namespace: when it ends, so does everything in it.
#
#   source-world FIREWALL_FILE SINK SITE   (both are programs for $NODE)
set -eu
firewall=$1 sink=$2 site=$3
PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs none /run
ip netns add machine
ip netns add site
ip link add eth0 netns machine type veth peer name eth0 netns site
join() { # NAME IPV4 IPV6
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" addr add "$2/24" dev eth0
  ip -n "$1" addr add "$3/64" dev eth0 nodad
}
join machine 198.51.100.1 2001:db8::1
join site 198.51.100.2 2001:db8::2
ip netns exec machine nft -f "$firewall"
mkfifo /run/ready
ip netns exec machine "$NODE" "$sink" 8883 >/run/ready &
read -r _ </run/ready
# Both at once: each family has its own limits.
ip netns exec site "$NODE" "$site" 198.51.100.1 8883 >/run/ipv4 &
ipv4=$!
ip netns exec site "$NODE" "$site" 2001:db8::1 8883 >/run/ipv6
wait $ipv4
cat /run/ipv4 /run/ipv6
