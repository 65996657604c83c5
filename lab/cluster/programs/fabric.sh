#!/bin/bash
# PID 1 of a lab. Its network namespace is the fabric: the switch between the nodes, without a way out.
# Environment: FAMILY (ipv4 or ipv6), GATEWAY (address/prefix of the switch), PROGRAMS and AGENT_BIN (folders of the checkout). fd 3: says "ready".
set -eu
exec 7<"$PROGRAMS"
[ -d "$AGENT_BIN" ] && exec 8<"$AGENT_BIN"
hostname switch
# Own /run: locks of iptables and names of ip-netns must not reach the host. The folders may have been below it.
mount -t tmpfs -o size=64m,mode=755 tmpfs /run
mkdir -p /run/netns /run/lock /run/lab/programs /run/lab/agent-bin
mount -c --bind /proc/self/fd/7 /run/lab/programs
[ -d "$AGENT_BIN" ] && mount -c --bind /proc/self/fd/8 /run/lab/agent-bin
exec 7<&- 8<&-
touch /run/netns/fabric
mount --bind /proc/self/ns/net /run/netns/fabric
mount -t sysfs sysfs /sys
modprobe br_netfilter 2>/dev/null || true
sysctl -qw net.bridge.bridge-nf-call-{iptables,arptables,ip6tables}=0 net.ipv4.ip_forward=1
if [ "$FAMILY" = ipv6 ]; then
  sysctl -qw net.ipv6.conf.{all,default}.{forwarding=1,accept_dad=0}
  family=-6
else
  sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=1
  family=-4
fi
ip $family -batch - <<B
link set lo up
route add blackhole default
link add fab0 type bridge stp_state 0 forward_delay 0
addr add $GATEWAY dev fab0
link set fab0 up
B
echo ready >&3
exec env -i PATH="$PATH" tini -s -- sleep infinity 3>&- </dev/null >/dev/null 2>&1
