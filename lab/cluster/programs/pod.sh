#!/bin/bash
# One pod sandbox on this node, as kubelet and CNI make it.
# Arguments: NAME UID SANDBOX_CGROUP VETH ADDRESS/PREFIX GATEWAY NAMESPACE NAMESERVER; the last is "node" for a name server's
# own pod, which resolves as its node does. Environment: FAMILY (ipv4 or ipv6), CGROUPS, MTU, COREFILE. fd 3: "pod UID" when it is up.
set -eu
name=$1 uid=$2 cgroup=$3 veth=$4 address=$5 gateway=$6 namespace=$7 nameserver=$8
netns=cni-$(cat /proc/sys/kernel/random/uuid) files=/var/lib/kubelet/pods/$uid
if [ "$FAMILY" = ipv6 ]; then
  # Before eth0 exists: its address can then be used at once.
  switch=net.ipv6.conf.default.accept_dad=0 family=-6
else
  switch=net.ipv6.conf.all.disable_ipv6=1 family=-4
fi
ip netns add "$netns"
ip netns exec "$netns" sysctl -qw $switch
ip -batch - <<B
link add $veth mtu $MTU type veth peer name eth0 mtu $MTU netns $netns
link set $veth master cni0
link set $veth type bridge_slave hairpin on
link set $veth up
B
ip $family -n "$netns" -batch - <<B
link set lo up
addr add $address dev eth0
link set eth0 up
route add default via $gateway
B
mkdir -p "$files"
if [ "$nameserver" = node ]; then
  cat /etc/resolv.conf >"$files/resolv.conf"
  printf '%s' "$COREFILE" >"$files/Corefile"
else
  printf 'nameserver %s\nsearch %s.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n' "$nameserver" "$namespace" >"$files/resolv.conf"
fi
printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n%s\t%s\n' "${address%/*}" "$name" >"$files/hosts"
echo "$name" >"$files/hostname"
export name uid files
sh -c 'for tree in '"$CGROUPS"'; do echo $$ > /sys/fs/cgroup/${tree%%:*}/'"$cgroup"'/cgroup.procs; done
  exec nsenter --net=/run/netns/'"$netns"' unshare -fpmuiC --kill-child=KILL --mount-proc -- sh -c '\''set -e
    hostname $name
    for file in resolv.conf hosts hostname; do mount --bind $files/$file /etc/$file; done
    if [ -e $files/Corefile ]; then
      mkdir -p /etc/coredns
      mount -t tmpfs -o size=1m tmpfs /etc/coredns
      cp $files/Corefile /etc/coredns/
    fi
    mount -t sysfs sysfs /sys
    sysctl -qw net.ipv4.tcp_congestion_control=reno 2>/dev/null || true
    echo pod $uid >&3
    exec env -i PATH=$PATH tini -s -- sleep infinity 3>&- >/dev/null 2>&1'\' 7<&- 8<&- 9<&- </dev/null >/dev/null &
