#!/bin/bash
# PID 1 of a node, started in the fabric's namespaces plus fresh ones of its own.
# Environment: NODE (name), BATCH_PORT, BATCH_ETH, BATCH_OVERLAY, FDB (ip and bridge batches), NAT (iptables-restore text),
# FAMILY (ipv4 or ipv6), ICMP_RATE_LIMIT (ms), CGROUPS ("name:type:options …"), BOOT_ID, HOSTS, RESOLV, COREFILE, MTU, PODS (lines of arguments for pod.sh).
# fd 3: "pod <uid>" per pod, and "ready", in any order.
set -eu
exec 7</run/lab/programs 8</run/netns/fabric 9</run/lab/agent-bin

mount_cgroups() { # ROOT: own /sys of this network namespace, cgroup trees that begin at this node
  mount -t sysfs sysfs "$1/sys"
  case $CGROUPS in .:*) mount -t cgroup2 none "$1/sys/fs/cgroup"; return ;; esac
  mount -t tmpfs -o size=1m,mode=755 tmpfs "$1/sys/fs/cgroup"
  for tree in $CGROUPS; do
    IFS=: read -r name type options <<<"$tree"
    mkdir "$1/sys/fs/cgroup/$name"
    mount -t "$type" ${options:+-o "$options"} none "$1/sys/fs/cgroup/$name"
  done
}

# An own root: the node may write anywhere without touching the machine or other nodes.
mount -t tmpfs -o size=512m,mode=755 tmpfs /mnt
mkdir /mnt/{up,wk,root}
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/wk /mnt/root
cd /mnt/root
mount --rbind /dev dev
mount -t proc proc proc
mount_cgroups .
mount -t tmpfs -o size=64m,mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p run/netns run/lock run/old
pivot_root . run/old
cd /
umount -l /run/old
rmdir /run/old

hostname "$NODE"
rm -f /etc/resolv.conf /etc/hosts /etc/hostname
printf '%s' "$RESOLV" >/etc/resolv.conf
printf '%s' "$HOSTS" >/etc/hosts
echo "$NODE" >/etc/hostname
echo "$BOOT_ID" >/run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
rm /run/boot-id

# What the agent image contains and its hostPath; and the one program that the lab's workloads run.
mkdir -p /usr/local/bin /var/lib/netcheck /srv/app
mount -t tmpfs -o size=1400m,mode=700 tmpfs /var/lib/netcheck
for tool in /proc/self/fd/9/*; do
  if [ -f "$tool" ]; then cp "$tool" /usr/local/bin/ && chmod 755 "/usr/local/bin/${tool##*/}"; fi
done
cp /proc/self/fd/7/server.py /proc/self/fd/7/client.py /proc/self/fd/7/sidecar.py /proc/self/fd/7/dns.py /proc/self/fd/7/worker.py /srv/app/

sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-{ip,ip6}tables=1
# No limit unless a scenario wants it: a limited rate looks like loss at this hop.
if [ "$FAMILY" = ipv6 ]; then
  sysctl -qw net.ipv6.conf.{all,default}.{forwarding=1,accept_dad=0} "net.ipv6.icmp.ratelimit=$ICMP_RATE_LIMIT"
  restore=ip6tables-restore family=-6
else
  sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=1 "net.ipv4.icmp_ratelimit=$ICMP_RATE_LIMIT"
  restore=iptables-restore family=-4
fi
sysctl -qw net.ipv4.tcp_congestion_control=reno 2>/dev/null || true

ip $family -batch - <<<"$BATCH_ETH"
nsenter --net=/proc/self/fd/8 ip -batch - <<<"$BATCH_PORT"
ip $family -batch - <<<"$BATCH_OVERLAY"
[ -z "$FDB" ] || bridge -batch - <<<"$FDB"
# Without this the switch would see 64 kB frames, and "every 4th packet" would mean something else.
ethtool -K eth0 tso off gso off gro off tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off >/dev/null 2>&1 || true
$restore <<<"$NAT"

export CGROUPS MTU COREFILE FAMILY
while read -r line; do
  [ -z "$line" ] || bash /proc/self/fd/7/pod.sh $line
done <<<"$PODS"
echo ready >&3
exec env -i PATH="$PATH" tini -s -- sleep infinity 3>&- 7<&- 8<&- 9<&- </dev/null >/dev/null 2>&1
