import { expect, test } from "vitest";
import { findHierarchies } from "#lab/cluster/cgroups.ts";

const mount = (point: string, type: string, options: string, root = "/"): string =>
  `31 23 0:28 ${root} ${point} rw,relatime - ${type} ${type} ${options}`;

test("a machine with v2 alone has one tree, mounted right at /sys/fs/cgroup", () => {
  expect(findHierarchies(mount("/sys/fs/cgroup", "cgroup2", "rw,nsdelegate"), "0::/user.slice/session.scope")).toEqual([
    { name: ".", type: "cgroup2", options: "", own: "/sys/fs/cgroup/user.slice/session.scope" },
  ]);
});

test("a hybrid machine has the v2 tree and the v1 trees that container runtimes write to", () => {
  const mountinfo = [
    mount("/sys/fs/cgroup", "tmpfs", "rw"),
    mount("/sys/fs/cgroup/unified", "cgroup2", "rw"),
    mount("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"),
    mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory"),
    mount("/sys/fs/cgroup/pids", "cgroup", "rw,pids"),
  ].join("\n");
  const cgroup = "5:cpu,cpuacct:/a\n4:memory:/job/b\n3:pids:/\n0::/";
  expect(findHierarchies(mountinfo, cgroup)).toEqual([
    { name: "unified", type: "cgroup2", options: "", own: "/sys/fs/cgroup/unified" },
    { name: "cpu", type: "cgroup", options: "cpu,cpuacct", own: "/sys/fs/cgroup/cpu,cpuacct/a" },
    { name: "memory", type: "cgroup", options: "memory", own: "/sys/fs/cgroup/memory/job/b" },
  ]);
});

test("in a container that sees only its own part of the tree, our cgroup is counted from that part", () => {
  const mountinfo = mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory", "/docker/abc");
  expect(findHierarchies(mountinfo, "4:memory:/docker/abc/job")).toMatchObject([{ own: "/sys/fs/cgroup/memory/job" }]);
  expect(findHierarchies(mountinfo, "4:memory:/docker/abc")).toMatchObject([{ own: "/sys/fs/cgroup/memory" }]);
});
