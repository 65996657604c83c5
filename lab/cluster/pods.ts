import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { limitCpu, processesIn } from "./cgroups.ts";
import { agentCapabilities, confined } from "./chart.ts";
import { type Running, runContainer } from "./container.ts";
import { dnsArgv } from "./dns.ts";
import { type Machine, podCgroup } from "./machine.ts";
import type { LabContainer, LabPod } from "./model.ts";
import { type ClusterPlan, type PlannedPod, replanned } from "./plan.ts";
import { enter, inCgroups, labEnv, run, start } from "./processes.ts";
import { podKey, type Store } from "./store.ts";

/** How the kubelet waits before it starts a crashing container again: 10 s, doubled each time, at most 5 min. */
const FIRST_BACKOFF_MS = 10_000;
const MAX_BACKOFF_MS = 300_000;
/** From a container's end to the kubelet's first attempt to start it again. */
const FIRST_RESTART_MS = 200;
const READINESS_MS = 100;

/** The kubelets' work on pods: containers are started, watched, started again, and entered. */
export type Pods = {
  readonly startAll: (node: string) => Promise<void>;
  readonly exec: (pod: LabPod, container: string, argv: readonly string[]) => ChildProcess;
  /** Runs a command to its end in a pod's namespaces, as an administrator on the node would. */
  readonly run: (pod: LabPod, argv: readonly string[]) => Promise<string>;
  /** Starts a program of another container of the pod: in its namespaces, in a cgroup of that container. fd 3 is a pipe. */
  readonly beside: (pod: LabPod, containerId: string, argv: readonly string[]) => Beside;
  readonly control: (pod: LabPod, line: string) => Promise<void>;
  /** Makes its container exit and exit again until it is released. */
  readonly crash: (pod: LabPod) => Promise<void>;
  readonly release: (pod: LabPod) => Promise<void>;
  /** Ends its container for good, as an eviction does; what the API says about it is the caller's. Ended by `release`. */
  readonly stop: (pod: LabPod) => Promise<void>;
  /** Its container ends, and the kubelet starts it again. */
  readonly restart: (pod: LabPod) => Promise<void>;
  /** Deletes it and makes one of its name on another node, as the owner of a StatefulSet does; returns the new one. */
  readonly move: (pod: LabPod, node: string) => Promise<LabPod>;
  /** Makes a pod that was not planned with the lab, on its node, and resolves when its container runs or cannot. */
  readonly add: (planned: PlannedPod) => Promise<void>;
  /** Ends a pod with its cable and forgets it. */
  readonly remove: (pod: LabPod) => Promise<void>;
  /** Folders of its container's cgroup, one per tree. */
  readonly cgroups: (pod: LabPod) => string[];
  readonly planned: (pod: LabPod) => PlannedPod;
};

type Beside = { readonly child: ChildProcess; readonly cgroups: readonly string[] };

type Life = { running?: Running; held: boolean; attempts: number; timer?: NodeJS.Timeout; startedBefore: boolean };

type Parts = { readonly plan: ClusterPlan; readonly store: Store; readonly machines: ReadonlyMap<string, Machine> };

export function createPods({ plan, store, machines }: Parts): Pods {
  const capabilities = agentCapabilities();
  const lives = new Map<string, Life>(
    plan.pods.map(({ pod }) => [podKey(pod), { held: false, attempts: 0, startedBefore: false }]),
  );
  const planned = new Map(plan.pods.map((one) => [podKey(one.pod), one]));
  const of = (pod: LabPod): { life: Life; plan: PlannedPod; machine: Machine; container: LabContainer } => {
    const life = lives.get(podKey(pod));
    const plannedPod = planned.get(podKey(pod));
    const machine = machines.get(pod.node);
    const [container] = pod.containers;
    if (!life || !plannedPod || !machine || !container) throw new Error(`pod ${podKey(pod)} is not of this lab`);
    return { life, plan: plannedPod, machine, container };
  };

  /** PID 1 of the pod's sandbox, or of its node when it has none of its own; undefined when the node is dead. */
  const entrance = (pod: LabPod): number | undefined => {
    const { plan: one, machine } = of(pod);
    if (one.veth === undefined || machine.pid() === undefined) return machine.pid();
    const [folder = ""] = machine.cgroups(podCgroup(pod, one.sandboxId));
    return processesIn(folder).find(isFirstProcess);
  };

  const cgroupsOf = (pod: LabPod): string[] => of(pod).machine.cgroups(podCgroup(pod, of(pod).container.containerId));

  const startContainer = async (pod: LabPod): Promise<void> => {
    const { life, plan: one, container } = of(pod);
    const sandboxPid = entrance(pod);
    if (sandboxPid === undefined) throw new Error(`the node of pod ${podKey(pod)} is down`);
    if (life.startedBefore) {
      container.containerId = plan.random.hex(64);
      container.restarts++;
    }
    life.startedBefore = true;
    const cgroups = cgroupsOf(pod);
    const running = await runContainer({
      inside: (argv) => inCgroups(cgroups, enter(sandboxPid, argv)),
      cgroups,
      container,
      workload: one.workload,
      serves: one.serves,
      dnsArgv: dnsArgv(plan, store),
      env: { ...labEnv, HOSTNAME: pod.hostNetwork ? pod.node : pod.name },
    });
    life.running = running;
    Object.assign(container, { state: "running", startedAtMs: Date.now() });
    delete container.reason;
    delete container.exitCode;
    if (container.limits?.cpuMilli !== undefined) limitCpu(cgroups, container.limits.cpuMilli);
    Object.assign(pod, { phase: "Running", ready: container.readyPort === undefined });
    store.touched({ pod });
    tellStarted(store, pod, container);
    void running.exited.then((code) => onExit(pod, running, code));
    if (container.readyPort !== undefined) void becomeReady(pod, running, container.readyPort);
  };

  /** A kubelet goes on asking when a pod is ready; here it is the pod's first "yes" that counts. */
  const becomeReady = async (pod: LabPod, running: Running, port: number): Promise<void> => {
    const { life, machine } = of(pod);
    const connect = ["nc", "-z", "-w", "1", pod.ip, String(port)];
    while (life.running === running && !pod.ready) {
      const open = await machine.run(connect).then(
        () => true,
        () => false,
      );
      if (life.running !== running) return;
      if (!open) await sleep(READINESS_MS);
      else {
        pod.ready = true;
        store.touched({ pod });
      }
    }
  };

  const onExit = (pod: LabPod, running: Running, exitCode: number): void => {
    // Its container may end after it has been forgotten.
    if (lives.get(podKey(pod))?.running !== running) return;
    const { life, machine, container } = of(pod);
    // On a dead node nobody is left to notice.
    if (machine.pid() === undefined) return;
    delete life.running;
    life.attempts = 0;
    Object.assign(container, { state: "terminated", reason: "Error", exitCode });
    pod.ready = false;
    store.touched({ pod });
    again(pod, FIRST_RESTART_MS);
  };

  const again = (pod: LabPod, delayMs: number): void => {
    const { life } = of(pod);
    clearTimeout(life.timer);
    life.timer = setTimeout(() => void attempt(pod), delayMs);
    life.timer.unref();
  };

  const attempt = async (pod: LabPod): Promise<void> => {
    const { life, machine, container } = of(pod);
    if (machine.pid() === undefined) return;
    if (!life.held) return startContainer(pod).catch(() => backOff(pod));
    container.restarts++;
    container.log.push(...container.log.slice(-1).map(({ line }) => ({ atMs: Date.now(), line })));
    tellStarted(store, pod, container);
    backOff(pod);
  };

  const backOff = (pod: LabPod): void => {
    const { life, container } = of(pod);
    Object.assign(container, { state: "waiting", reason: "CrashLoopBackOff" });
    store.touched({ pod });
    store.record(
      { kind: "Pod", pod },
      {
        type: "Warning",
        reason: "BackOff",
        message: `Back-off restarting failed container ${container.name} in pod ${pod.name}_${pod.namespace}(${pod.uid})`,
      },
    );
    again(pod, Math.min(FIRST_BACKOFF_MS * 2 ** life.attempts++, MAX_BACKOFF_MS));
  };

  const unplug = async (pod: LabPod, veth: string): Promise<void> => {
    const { life, machine } = of(pod);
    const sandboxPid = entrance(pod);
    clearTimeout(life.timer);
    // Nobody is to notice: this is no crash.
    delete life.running;
    if (sandboxPid !== undefined) {
      process.kill(sandboxPid, "SIGKILL");
      await machine.run(["sh", "-c", REMOVE_CABLE, "sh", veth]);
    }
    store.removePod(pod);
  };

  const assign = (one: PlannedPod): void => {
    const key = podKey(one.pod);
    planned.set(key, one);
    lives.set(key, { held: false, attempts: 0, startedBefore: false });
    store.addPod(one.pod);
    store.record(
      { kind: "Pod", pod: one.pod },
      { type: "Normal", reason: "Scheduled", message: `Successfully assigned ${key} to ${one.pod.node}` },
    );
  };

  return {
    async startAll(node) {
      const mine = plan.pods.filter(({ pod }) => pod.node === node).map(({ pod }) => pod);
      await Promise.all(mine.map((pod) => (of(pod).life.held ? undefined : startContainer(pod))));
    },
    exec(pod, name, argv) {
      const { machine, container, life } = of(pod);
      const pid = entrance(pod);
      if (pid === undefined)
        throw new Error(`error dialing backend: dial tcp ${machine.planned.node.ip}:10250: connect: no route to host`);
      if (container.name !== name || life.running === undefined)
        throw new Error(`unable to upgrade connection: container not found ("${name}")`);
      const command = pod.labels["app.kubernetes.io/name"] === "netcheck-agent" ? confined(capabilities, argv) : argv;
      return start(inCgroups(cgroupsOf(pod), enter(pid, command)), {
        stdio: ["pipe", "pipe", "pipe"],
        env: { ...labEnv, HOSTNAME: pod.hostNetwork ? pod.node : pod.name },
      });
    },
    async run(pod, argv) {
      const pid = entrance(pod);
      if (pid === undefined) throw new Error(`the node of pod ${podKey(pod)} is down`);
      return run(enter(pid, argv));
    },
    beside(pod, containerId, argv) {
      const pid = entrance(pod);
      if (pid === undefined) throw new Error(`the node of pod ${podKey(pod)} is down`);
      const cgroups = of(pod).machine.cgroups(podCgroup(pod, containerId));
      const child = start(inCgroups(cgroups, enter(pid, argv)), {
        stdio: ["pipe", "ignore", "pipe", "pipe"],
        env: { ...labEnv, HOSTNAME: pod.name },
      });
      child.stdin?.on("error", () => {});
      return { child, cgroups };
    },
    async control(pod, line) {
      const { running } = of(pod).life;
      if (running === undefined) throw new Error(`pod ${podKey(pod)} is not running`);
      await running.control(line);
    },
    async crash(pod) {
      const { life } = of(pod);
      life.held = true;
      await life.running?.crash();
    },
    async stop(pod) {
      const { life } = of(pod);
      const { running } = life;
      life.held = true;
      clearTimeout(life.timer);
      // Nobody is to notice: this is no crash.
      delete life.running;
      await running?.crash();
    },
    async move(pod, node) {
      const { plan: old, container } = of(pod);
      const target = machines.get(node);
      if (target === undefined || old.veth === undefined) throw new Error(`pod ${podKey(pod)} cannot move to ${node}`);
      await unplug(pod, old.veth);
      const moved = replanned(old, target.planned, { taken: [...planned.values()], random: plan.random });
      assign(moved);
      await target.addPod(moved);
      moved.pod.containers[0]?.log.push(...container.log.slice(-1));
      await startContainer(moved.pod);
      return moved.pod;
    },
    async add(one) {
      assign(one);
      await machines.get(one.pod.node)?.addPod(one);
      await startContainer(one.pod);
    },
    async remove(pod) {
      const { plan: one } = of(pod);
      if (one.veth === undefined) throw new Error(`pod ${podKey(pod)} stays as long as its node`);
      await unplug(pod, one.veth);
      planned.delete(podKey(pod));
      lives.delete(podKey(pod));
    },
    async restart(pod) {
      await of(pod).life.running?.crash();
    },
    cgroups: cgroupsOf,
    async release(pod) {
      const { life, machine } = of(pod);
      life.held = false;
      clearTimeout(life.timer);
      if (life.running === undefined && machine.pid() !== undefined) await startContainer(pod);
    },
    planned: (pod) => of(pod).plan,
  };
}

const REMOVE_CABLE = `set -e
netns=$(ip -o link show "$1" | sed -n 's/.* link-netns \\([^ ]*\\).*/\\1/p')
ip link del "$1"
ip netns del "$netns"`;

/** Whether a process is PID 1 of its innermost PID namespace. */
function isFirstProcess(pid: number): boolean {
  try {
    return /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function tellStarted(store: Store, pod: LabPod, { name, image }: LabContainer): void {
  const about = { kind: "Pod", pod } as const;
  store.record(about, {
    type: "Normal",
    reason: "Pulled",
    message: `Container image "${image}" already present on machine`,
  });
  store.record(about, { type: "Normal", reason: "Created", message: `Created container: ${name}` });
  store.record(about, { type: "Normal", reason: "Started", message: `Started container ${name}` });
}
