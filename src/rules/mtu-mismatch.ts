import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { mtuEvidence } from "../core/size-evidence.ts";
import {
  betweenNodes,
  blockedButLearnt,
  blockedOnPath,
  legsOf,
  type SizedResult,
  sizedResults,
  wayText,
} from "../core/size-trouble.ts";
import { linksEvidence } from "../probes/links.ts";
import { type Exit, exitsOf } from "./mtu-overlay-too-large.ts";

/** NICs let a few bytes more in than they send: a VLAN tag. */
const SLACK = 8;

/**
 * Devices of one path disagree about the largest packet, and the smaller one swallows what the larger one sends: a NIC with a
 * smaller MTU than those of its peers, or a pod's cable whose ends differ. Decisive are both MTUs and a proven limit at the
 * smaller one (less what the tunnel adds), within 8 bytes. Fooled by mixtures that work, because TCP agrees on the smaller
 * MTU of both ends or learns it (full-size packets cross: cleared, unless the same size stalls beside it), and by a switch in between, whose MTU nobody can read.
 */
export const mtuMismatch: Rule = {
  name: "mtu-mismatch",
  title: "Devices of one path have different MTUs",
  needs: [mtuEvidence],
  evaluate(seen) {
    const results = sizedResults(seen.plan, seen.evidence);
    const onPath = blockedOnPath(results);
    const blocked = onPath.length > 0 ? onPath : blockedButLearnt(results);
    const exits = exitsOf(results.filter(betweenNodes), seen).map(({ exit }) => exit);
    const suspicions = [
      ...nics(exits).flatMap((exit) => nicSuspicion(exit, exits, blocked, seen)),
      ...(blocked.length > 0 ? inside(results).flatMap((one) => cableSuspicion(one, blocked, seen)) : []),
    ];
    if (suspicions.length > 0) return [...new Map(suspicions.map((one) => [one.where.name, one])).values()];
    const known = nics(exits).filter(({ nicMtu }) => nicMtu !== undefined);
    if (known.length === 0) return { status: "unknown", because: say("the devices of the path's nodes were not read") };
    return {
      status: "cleared",
      because: say("NICs of the path: {nics}", {
        nics: listed(known.map(({ node, nic, nicMtu }) => `${node}/${nic} ${nicMtu}`)),
      }),
    };
  },
};

/** Ways within a node that stop at a size. */
function inside(results: readonly SizedResult[]): readonly SizedResult[] {
  return results.filter(({ from, to, state }) => to?.node === from.node && (state === "blocked" || state === "echoes"));
}

function nics(exits: readonly Exit[]): readonly Exit[] {
  return [...new Map(exits.map((exit) => [exit.node, exit])).values()];
}

function nicSuspicion(
  exit: Exit,
  all: readonly Exit[],
  blocked: readonly SizedResult[],
  { plan }: Case,
): readonly Suspicion[] {
  const { node, nic, nicMtu } = exit;
  const larger = nics(all).filter((one) => one.node !== node && (one.nicMtu ?? 0) > (nicMtu ?? 0));
  if (nic === undefined || nicMtu === undefined || larger.length === 0) return [];
  const overheads = new Map(all.filter((one) => one.node === node).map(({ overhead }) => [overhead, true]));
  const mine = blocked.filter(({ from, to, way, leg }) => {
    if (!to || from.node === to.node || (from.node !== node && to.node !== node)) return false;
    if (!way.limit) return true;
    const added = leg.scope === "overlay" ? [...overheads.keys()] : [0];
    return added.some((overhead) => Math.abs((way.limit?.bytes ?? 0) - (nicMtu - overhead)) <= SLACK);
  });
  const exact = mine.find(({ way }) => way.limit);
  // Ways whose size is not known go with the others, but do not speak against them.
  if (mine.length === 0 || (!exact && blocked.some(({ way }) => way.limit))) return [];
  const needed = Math.max(...larger.map((one) => one.nicMtu ?? 0));
  return [
    {
      status: "suspected",
      confidence: exact ? "certain" : "likely",
      where: { kind: "device", name: `${node}/${nic}` },
      because: [
        say("{nic} of {node} has an MTU of {mtu}, its peers have more: {peers}", {
          nic,
          node,
          mtu: nicMtu,
          peers: listed(larger.map((one) => `${one.node}/${one.nic} ${one.nicMtu}`)),
        }),
        ...(exact?.way.limit
          ? [
              say("the largest packet that crosses from {way} has {bytes} bytes", {
                way: wayText(exact),
                bytes: exact.way.limit.bytes,
              }),
            ]
          : []),
        say("full-size TCP segments stall on {ways}", { ways: listed(mine.map(wayText), 3) }),
      ],
      against: [],
      confirm: [`ip -s -s link show ${nic}   # on ${node} and on its peers: mtu, and length errors that grow`],
      advice: [say("Set the MTU of {nic} on {node} to {needed}, like that of its peers", { nic, node, needed })],
      explains: ["frag-needed-lost", "mtu-black-hole", "path-loss"],
      legs: legsOf(mine, plan),
    },
  ];
}

/** A pod's device against those of its node, when packets do not even get from the pod to its own node or neighbour. */
function cableSuspicion(
  one: SizedResult,
  blocked: readonly SizedResult[],
  { plan, evidence }: Case,
): readonly Suspicion[] {
  const limit = one.way.limit?.bytes;
  if (!one.to || one.from.node !== one.to.node || limit === undefined) return [];
  const { node } = one.from;
  const smaller = (evidence.get(linksEvidence, `node/${node}`)?.devices ?? []).filter(
    ({ mtu, up }) => up && Math.abs(mtu - limit) <= SLACK,
  );
  const mtu = one.way.deviceMtu;
  const [device] = smaller;
  if (!device || mtu === undefined || mtu <= limit + SLACK) return [];
  const same = blocked.filter(({ from, to }) => from.id === one.from.id || to?.id === one.from.id);
  return [
    {
      status: "suspected",
      confidence: smaller.length === 1 ? "certain" : "likely",
      where: { kind: "device", name: `${node}/${device.device}` },
      because: [
        say("{device} of {node} has an MTU of {mtu}, {peer} sends packets of {larger} to it", {
          device: device.device,
          node,
          mtu: device.mtu,
          peer: one.from.label,
          larger: mtu,
        }),
        say("the largest packet that crosses from {way} has {bytes} bytes", { way: wayText(one), bytes: limit }),
        say("full-size TCP segments stall on {ways}", { ways: listed(same.map(wayText), 3) }),
      ],
      against: [],
      confirm: [
        `ip link show ${device.device}   # on ${node}`,
        `ip link show ${one.way.device ?? "eth0"}   # in the network of ${one.from.label}`,
      ],
      advice: [
        say(
          "Give both ends of the pod's link and the bridge between them the same MTU (CNI configuration), and restart the pod",
        ),
      ],
      explains: ["frag-needed-lost", "mtu-black-hole", "path-loss"],
      legs: legsOf(same, plan),
    },
  ];
}
