#!/bin/sh
# The broker machine, ingest, a quiet tenant and a flooding one, each in a network namespace of its own on one bridge. Runs
# a program on the machine; it reaches the others by `ip netns exec NAME`. Runs as the first process of a new PID
# namespace: when it ends, so does everything in it.
#
#   flood-world COMMAND ...
set -eu
PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs none /run
ip link set lo up
ip link add bridge type bridge
ip link set bridge up
join() { # NAME ADDRESS
  ip netns add "$1"
  ip link add "to-$1" type veth peer name eth0 netns "$1"
  ip link set "to-$1" up master bridge
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" addr add "$2/24" dev eth0
}
join machine 198.51.100.1
join ingest 198.51.100.2
join quiet 198.51.100.3
join flood 198.51.100.4
for last in 5 6 7 8 9 10 11; do ip -n flood addr add "198.51.100.$last/24" dev eth0; done
exec ip netns exec machine "$@"
