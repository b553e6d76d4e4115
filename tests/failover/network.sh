#!/bin/sh
# The network of a drill: a bridge, and on it a namespace for each machine and each name server. Runs once, in a network and mount namespace
# of its own (tests/failover/main.ts), whose own address is .1: there are devices, ingest and database.
#
#   network.sh RESOLV_CONF NAME=ADDRESS...
set -eu
PATH=$PATH:/usr/sbin:/sbin
mkdir -p /run/netns
mount -t tmpfs none /run/netns
mount --bind "$1" /etc/resolv.conf
shift
ip link add bridge type bridge
ip link set bridge up
ip addr add 10.77.0.1/24 dev bridge
for machine; do
  name=${machine%=*} address=${machine#*=}
  ip netns add "$name"
  ip link add "to-$name" type veth peer name eth0 netns "$name"
  ip link set "to-$name" up master bridge
  ip -n "$name" link set lo up
  ip -n "$name" link set eth0 up
  ip -n "$name" addr add "$address/24" dev eth0
done
