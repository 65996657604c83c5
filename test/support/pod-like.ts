import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A process in a network and PID namespace and a cgroup of its own, as a container runtime leaves the first one of a pod. */
export type PodLike = AsyncDisposable & { readonly pid: number; readonly ip: string };

/** A cgroup folder in which folders can be made; undefined where that is not allowed. */
export function cgroupRoot(): string | undefined {
  return ["/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/memory"].find((folder) => {
    const probe = join(folder, `netcheck-probe-${process.pid}`);
    try {
      mkdirSync(probe);
      const usable = existsSync(join(probe, "cgroup.procs"));
      rmdirSync(probe);
      return usable;
    } catch {
      return false;
    }
  });
}

/** `path` is the pod's cgroup below the root, in the spelling of the cgroup driver to be played. */
export async function podLike(
  root: string,
  path: string,
  { ip, hostNetwork = false }: { ip: string; hostNetwork?: boolean },
): Promise<PodLike> {
  const folder = join(root, path);
  mkdirSync(folder, { recursive: true });
  const inside = hostNetwork ? "exec sleep 600" : `ip link set lo up; ip addr add ${ip}/32 dev lo; exec sleep 600`;
  const script = `echo $$ > "$0/cgroup.procs"; exec unshare -fp${hostNetwork ? "" : "n"} --kill-child=KILL --mount-proc sh -c "$1"`;
  const child = spawn("sh", ["-c", script, folder, inside], { stdio: "ignore" });
  const members = () => readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  let pid: number | undefined;
  while (pid === undefined) {
    await sleep(10);
    pid = members().find((one) => commandOf(one) === "sleep");
  }
  return {
    pid,
    ip,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      while (members().length > 0) await sleep(10);
      // Folders above may be shared with other pods: the last one to go takes them along.
      for (let left = folder; left !== root; left = dirname(left))
        try {
          rmdirSync(left);
        } catch {
          return;
        }
    },
  };
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
