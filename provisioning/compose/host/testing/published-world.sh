#!/bin/sh
# A host that publishes a container's port as Docker does (destination NAT, past the input chain), the container, and a site, each in a
# network namespace of its own. Prints how many connections the site had at once, and how many another container of the host.
#
#   published-world FIREWALL_FILE|none CONNECTIONS
set -eu
firewall=$1 count=$2
PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs none /run
for name in host container neighbour site; do ip netns add $name; ip -n $name link set lo up; done
ip link add eth0 netns host type veth peer name eth0 netns site
ip -n host link add br0 type bridge
ip -n host link set br0 up
ip -n host addr add 172.30.0.1/24 dev br0
for name in container neighbour; do
  ip link add to-$name netns host type veth peer name eth0 netns $name
  ip -n host link set to-$name up master br0
  ip -n $name link set eth0 up
done
ip -n host link set eth0 up
ip -n site link set eth0 up
ip -n host addr add 198.51.100.1/24 dev eth0
ip -n site addr add 198.51.100.2/24 dev eth0
ip -n container addr add 172.30.0.2/24 dev eth0
ip -n neighbour addr add 172.30.0.3/24 dev eth0
ip -n container route add default via 172.30.0.1
ip netns exec host sysctl -qw net.ipv4.ip_forward=1
ip netns exec host nft -f - <<'END'
table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    fib daddr type local tcp dport 8883 dnat to 172.30.0.2:8883
  }
}
END
[ "$firewall" = none ] || ip netns exec host nft -f "$firewall"
ip netns exec container python3 -c '
import socket, time
listener = socket.create_server(("", 8883), backlog=1024); held = []
open("/run/ready", "w").close()
while True: held.append(listener.accept())
' &
while [ ! -e /run/ready ]; do sleep 0.1; done
try='
import socket, sys, time
held = []
for _ in range(int(sys.argv[2])):
    one = socket.socket(); one.setblocking(False); one.connect_ex((sys.argv[1], 8883)); held.append(one)
time.sleep(0.9)
def is_open(one):
    try: one.getpeername(); return True
    except OSError: return False
print(sum(map(is_open, held)))
'
ip netns exec site python3 -c "$try" 198.51.100.1 "$count"
ip netns exec neighbour python3 -c "$try" 172.30.0.2 "$count"
