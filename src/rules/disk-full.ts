import { type NodeLoad, nodeLoadEvidence } from "../core/node-load.ts";
import { askedNodes } from "../core/path-facts.ts";
import { troubledPorts } from "../core/port-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say, type Text } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { clusterEventsEvidence } from "../probes/cluster-events.ts";
import { nodeStateEvidence } from "../probes/node-state.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

/** Share of bytes or inodes in use from which on it is worth a word, and from which on programs can write nothing. */
const HIGH = 0.9;
const FULL = 0.99;
/** What the kubelet says when it ends pods to make room. */
const MAKES_ROOM = /^(?:Evicted|EvictionThresholdMet|FreeDiskSpaceFailed|ImageGCFailed|NodeHasDiskPressure)$/;

type Disk = NodeLoad["disks"][number];

/**
 * A file system of a node on the path is full (bytes or inodes): pods are evicted or cannot start, programs cannot write, logs and
 * captures fail. Decisive are 90 % or more in use and a pod of the check on that node that was evicted or does not run, with
 * the kubelet's own word (DiskPressure, Evicted); or 99 % and a program there that answers with server errors.
 * Fooled by file systems that are nearly full for years (without harm: cleared), by blocks that are kept for root (what programs may
 * still use counts), by file systems without a fixed number of inodes (they say 0), and by volumes of the pod itself, which are not read.
 */
export const diskFull: Rule = {
  name: "disk-full",
  title: "File system of the node is full",
  needs: [nodeLoadEvidence],
  evaluate(seen) {
    const read = askedNodes(seen.plan).filter((node) => disksOf(node, seen).length > 0);
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("how full the file systems of the path's nodes are could not be read") };
    return {
      status: "cleared",
      because: say("file systems in use: {shares}; no pod of the check suffers from it", {
        shares: listed(
          read.map((node) =>
            say("{share} ({pod})", { share: percentText(Math.max(...disksOf(node, seen).map(usedOf))), pod: node }),
          ),
        ),
      }),
    };
  },
};

const disksOf = (node: string, { evidence }: Case): readonly Disk[] =>
  evidence.get(nodeLoadEvidence, `node/${node}`)?.disks ?? [];
const bytesUsed = ({ bytes, freeBytes }: Disk): number => (bytes > 0 ? 1 - freeBytes / bytes : 0);
const inodesUsed = ({ inodes, freeInodes }: Disk): number => (inodes > 0 ? 1 - freeInodes / inodes : 0);
const usedOf = (disk: Disk): number => Math.max(bytesUsed(disk), inodesUsed(disk));

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { plan, evidence } = seen;
  const full = disksOf(node, seen).filter((disk) => usedOf(disk) >= HIGH);
  if (full.length === 0) return [];
  const pressed = (evidence.get(nodeStateEvidence, `node/${node}`)?.troubles ?? []).includes("DiskPressure");
  const gone = endsOn(node, seen).flatMap(({ id, label, state }) =>
    state && (state.phase !== "Running" || !state.present || state.notRunning.length > 0 || state.wasDown)
      ? [{ id, label, text: downText(label, node, state) }]
      : [],
  );
  const words = (evidence.get(clusterEventsEvidence, "cluster")?.events ?? []).filter(
    ({ reason, object }) =>
      MAKES_ROOM.test(reason) &&
      (object.includes(node) || gone.some(({ label }) => object.includes(label.split("/")[1] ?? label))),
  );
  const ports = troubledPorts(node, seen).filter(({ errors }) => errors);
  const evicted = gone.length > 0 && (pressed || words.length > 0);
  const writes = ports.length > 0 && full.some((disk) => usedOf(disk) >= FULL);
  if (!evicted && !writes) return [];
  const text: Text[] = [
    ...full.map((disk) => diskText(node, disk)),
    ...(pressed ? [say("{node} says itself that it has too little room (DiskPressure)", { node })] : []),
    ...words
      .slice(-1)
      .map(({ reason, message }) =>
        say("the cluster says: {reason}: {message}", { reason, message: message.slice(0, 120) }),
      ),
    ...(evicted ? gone.map((pod) => pod.text) : []),
    ...(writes ? ports.map((port) => port.text) : []),
  ];
  const ids = gone.map(({ id }) => id);
  return [
    {
      status: "suspected",
      confidence: evicted ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: text,
      against: evicted ? [] : [say("whether the errors come from failed writes cannot be seen")],
      confirm: [
        `df -h; df -i; du -xsh /var/lib/containerd /var/lib/kubelet/pods /var/log   # on ${node}`,
        `kubectl describe node ${node} | grep -A8 Conditions`,
      ],
      advice: [
        say("Make room on {node}: images that nobody uses, logs, what pods left behind", { node }),
        say("Give pods limits for ephemeral storage, so that one of them cannot fill {node}", { node }),
      ],
      explains: [
        "target-not-running",
        "no-endpoints",
        "http-error",
        "server-slow",
        "dns-crash-loop",
        "kube-proxy-down",
        "port-closed",
        "path-loss",
        "port-filtered",
      ],
      legs: [
        ...new Set([
          ...plan.legs.filter(({ from, to }) => ids.includes(from) || ids.includes(to)).map(({ id }) => id),
          ...(writes ? ports.flatMap(({ asked }) => asked.legs) : []),
        ]),
      ],
    },
  ];
}

function endsOn(node: string, { plan, evidence }: Case) {
  const names = new Set(
    [plan.from, plan.to].flatMap(({ kind, name, backend }) => (kind === "pod" ? [name] : (backend ?? []))),
  );
  return [...names].flatMap((label) => {
    const id = `pod/${label}`;
    const state = evidence.get(podStateEvidence, id);
    const at = state?.node ?? [plan.from, plan.to].find(({ name }) => name === label)?.node;
    return at === node ? [{ id, label, state }] : [];
  });
}

function downText(
  pod: string,
  node: string,
  { phase, notRunning }: { readonly phase: string; readonly notRunning: readonly Text[] },
): Sentence {
  return say("{pod} on {node} is {phase}: {waits}", {
    pod,
    node,
    phase,
    waits: listed(notRunning.length > 0 ? notRunning : ["…"]),
  });
}

function diskText(node: string, disk: Disk): Sentence {
  return bytesUsed(disk) >= inodesUsed(disk)
    ? say("{path} of {node} is {share} full: {free} MB of {all} MB are free for programs", {
        path: disk.path,
        node,
        share: percentText(bytesUsed(disk)),
        free: Math.round(disk.freeBytes / 1e6),
        all: Math.round(disk.bytes / 1e6),
      })
    : say("{path} of {node} has {share} of its inodes in use: {free} of {all} are free", {
        path: disk.path,
        node,
        share: percentText(inodesUsed(disk)),
        free: disk.freeInodes,
        all: disk.inodes,
      });
}
