import { setTimeout as sleep } from "node:timers/promises";
import type { LabModel } from "#lab/cluster/model.ts";
import { agentOn, inPod } from "#test/lab/cluster/in-pod.ts";

/** What lies on a node of a check, as somebody sees it who is on the node. */
export type NodeSeen = {
  /** By task and number: checksum of what its recorder said it has sealed. */
  readonly sealed: ReadonlyMap<string, string>;
  /** `task number` of what the node itself let go. */
  readonly letGo: ReadonlySet<string>;
  /** Most bytes that lay there at any look. */
  readonly mostBytes: number;
};

const LOOK = `cd /var/lib/netcheck 2>/dev/null || exit 0
echo "bytes $(du -sb . | cut -f1)"
for f in */record-*/out; do [ -e "$f" ] && { echo "task $f"; cat "$f"; echo; }; done`;

/** Looks at the agents' folders of all nodes every two seconds until it is stopped. An agent that restarts is looked at later. */
export function watchNodes(lab: LabModel): {
  /** Resolves with the first file that anybody has sealed. */
  readonly sealed: Promise<void>;
  readonly stop: () => Promise<NodeSeen>;
} {
  const stopping = new AbortController();
  const sealed = new Map<string, string>();
  const letGo = new Set<string>();
  const first = Promise.withResolvers<void>();
  let mostBytes = 0;

  async function look(node: string): Promise<void> {
    const { stdout } = await inPod(lab, agentOn(lab, node), ["sh", "-c", LOOK]);
    let task = "";
    for (const line of stdout.split("\n")) {
      task = /^task [^/]+\/(.+)\/out$/.exec(line)?.[1] ?? task;
      mostBytes = Math.max(mostBytes, Number(/^bytes (\d+)$/.exec(line)?.[1] ?? 0));
      const [, number, sha256] = /^(?:sealed|salvaged) (\d+) \d+ ([0-9a-f]{64}) /.exec(line) ?? [];
      if (number !== undefined && sha256 !== undefined) sealed.set(`${task} ${number}`, sha256);
      const gone = /^let-go (\d+)$/.exec(line)?.[1];
      if (gone !== undefined) letGo.add(`${task} ${gone}`);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await Promise.all([...lab.nodes.keys()].map((node) => look(node).catch(() => undefined)));
      if (sealed.size > 0) first.resolve();
      await sleep(2_000, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
  const running = run();
  return {
    sealed: first.promise,
    async stop() {
      stopping.abort();
      await running;
      return { sealed, letGo, mostBytes };
    },
  };
}

/** Processes, cgroups, files, devices, queues and rules: whatever a check could leave behind. Our own look is not in it. */
const SNAPSHOT = String.raw`ps -eo pid=,args= | while read -r pid words; do case $words in *"SNAPSHOT-SELF"*|"ps -eo"*|sort*|"sleep "*) ;; *) echo "process $words" ;; esac; done
find /sys/fs/cgroup -type d | sed 's/^/cgroup /'
find /var/lib/netcheck /tmp /run -not -path "*/netns/*" 2>/dev/null | sed 's/^/file /'
ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/device \1/'
tc qdisc | sed 's/^/queue /'
iptables-save 2>/dev/null | grep '^-A' | sed 's/^/rule /'
: SNAPSHOT-SELF`;

/** By node, what there is; ids of containers, which are new after a restart, are left out. */
export async function snapshot(lab: LabModel): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const nodes = [...lab.nodes.keys()].map(async (node) => {
    const { stdout } = await inPod(lab, agentOn(lab, node), ["sh", "-c", SNAPSHOT]);
    const lines = stdout.split("\n").filter((line) => line !== "");
    return [node, new Set(lines.map((line) => line.replaceAll(/[0-9a-f]{64}/g, "…")))] as const;
  });
  return new Map(await Promise.all(nodes));
}

/** What is there and was not before. */
export async function leftSince(
  lab: LabModel,
  before: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<readonly string[]> {
  const now = await snapshot(lab);
  return [...now].flatMap(([node, lines]) =>
    [...lines].filter((line) => !before.get(node)?.has(line)).map((line) => `${node}: ${line}`),
  );
}
