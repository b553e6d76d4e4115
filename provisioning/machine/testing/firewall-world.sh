#!/bin/sh
# A machine, its administrator and somebody else, each in a network namespace of its own on one bridge. Prints who can
# open which port. Runs as the first process of a new PID namespace: when it ends, so does everything in it.
#
#   firewall-world FIREWALL_FILE|none LISTENER PROBE   (both are programs for $NODE)
set -eu
firewall=$1 listener=$2 probe=$3
PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs none /run
ip link set lo up
ip link add bridge type bridge
ip link set bridge up
join() { # NAME ADDRESS: a namespace of that name, on the bridge
  ip netns add "$1"
  ip link add "to-$1" type veth peer name eth0 netns "$1"
  ip link set "to-$1" up master bridge
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" addr add "$2" dev eth0
  ip -n "$1" route add default dev eth0
}
join machine 198.51.100.1/24
join admin 203.0.113.10/24
join other 203.0.113.11/24
[ "$firewall" = none ] || ip netns exec machine nft -f "$firewall"
mkfifo /run/ready
ip netns exec machine "$NODE" "$listener" 22 443 1883 8883 9001 >/run/ready &
read -r _ </run/ready
for who in machine admin other; do
  target=198.51.100.1
  [ $who = machine ] && target=127.0.0.1
  ip netns exec $who "$NODE" "$probe" $who $target 22 443 1883 8883 9001
done
