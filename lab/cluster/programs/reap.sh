#!/bin/sh
# Outlives a lab's owner, however that ends, and takes away what the kernel does not: empty cgroups and the state folder.
# Arguments: STATE_FOLDER CGROUP…. Waits until its stdin is closed, which is when the owner has gone or asks for it.
state=$1
shift
busy=
cat >/dev/null
for cgroup in "$@"; do
  tries=0
  # Its list of processes may be empty for a moment before it can be removed.
  while [ -d "$cgroup" ] && [ $tries -lt 200 ]; do
    left=$(find "$cgroup" -name cgroup.procs -exec cat {} + 2>/dev/null | grep -v '^0$')
    [ -z "$left" ] || kill -9 $left 2>/dev/null
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
    tries=$((tries + 1))
  done
  [ ! -d "$cgroup" ] || busy=$cgroup
done
# What is still there is for the next lab to remove, by the record in this folder.
[ -n "$busy" ] || rm -rf "$state"
