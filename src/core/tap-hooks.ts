import type { Tap } from "./capture.ts";
import { isPod } from "./elements.ts";
import type { Place } from "./place.ts";
import type { Plan } from "./plan.ts";
import { type Sentence, say } from "./sentence.ts";

/** How far a point is from the pod: packets of a pod cross them in this order, and those to it the other way round. */
const DISTANCE: Readonly<Record<Tap["kind"], number>> = {
  pod: 0,
  "host-end": 1,
  bridge: 2,
  tunnel: 3,
  nic: 4,
  "bond-member": 5,
};
const CABLE = 1;
const STACK = 3;

/** What lies between two taps that one packet crosses one after the other. */
export type Between = {
  readonly kind: "cable" | "stack" | "wire";
  readonly where: Place;
  /** Names of everything that is at fault there by nature: nodes, and the pods that live behind their stacks. */
  readonly within: readonly string[];
  /** What can drop a packet between the two, in the order in which it meets them. */
  readonly hooks: readonly Sentence[];
};

/**
 * A tap (AF_PACKET) on a device sees what is received before anything else but XDP programs has seen it: before tc ingress,
 * netfilter and routing. It sees what is sent last of all: after netfilter, tc egress and the queue (qdisc). So what lies
 * between two taps follows from the two devices and the way the packet goes; `from` is the tap that it crosses first.
 */
export function betweenTaps(from: Tap, to: Tap, plan: Plan): Between {
  if (from.node !== to.node) return wire(from, to);
  const [near, far] = [DISTANCE[from.kind], DISTANCE[to.kind]];
  if (Math.max(near, far) === CABLE && near !== far) return cable(from, to, plan);
  // Two ends on one node: in by one cable, out by the other.
  const hooks = crossesNode(from, to)
    ? [...entering(from), ...routed(), ...leaving(to)]
    : near < far
      ? outwards(from, to)
      : inwards(from, to);
  const pods = plan.vantages.filter((at) => isPod(at) && at.node === from.node).map(({ label }) => label);
  return {
    kind: "stack",
    where: { kind: "node", name: from.node, device: to.kind === "pod" ? from.device : to.device },
    within: [from.node, ...pods],
    hooks,
  };
}

/** How a tap sees what passes it on the way of `betweenTaps`: on its way out of a network stack, or into one. */
export function seenAt(tap: Tap, side: "sent" | "received"): Sentence {
  return side === "sent"
    ? say("{tap} shows what has left its queue (qdisc)", { tap: tap.label })
    : say("{tap} shows what has come in, before tc ingress and netfilter", { tap: tap.label });
}

/** Whether packets that go from one tap to the other leave by the device of `tap`, which is one of the two, or come in by it. */
export function sideOf(tap: Tap, from: Tap, to: Tap): "sent" | "received" {
  const isOutwards =
    from.node !== to.node || crossesNode(from, to) ? tap === from : DISTANCE[from.kind] < DISTANCE[to.kind];
  // What a pod sends comes in by the node's end of its cable, and by the bridge.
  const isInner = tap.kind === "host-end" || tap.kind === "bridge";
  return isOutwards === isInner ? "received" : "sent";
}

/** In by one pod's cable, out by another's, on one node. */
function crossesNode({ kind: near }: Tap, { kind: far }: Tap): boolean {
  return near === far;
}

function wire(from: Tap, to: Tap): Between {
  // Without a tap on the NIC the node's own stack is between as well.
  const before = DISTANCE[from.kind] < DISTANCE.nic ? [say("the network stack of {node}", { node: from.node })] : [];
  const behind = DISTANCE[to.kind] < DISTANCE.nic ? [say("the network stack of {node}", { node: to.node })] : [];
  return {
    kind: "wire",
    where: { kind: "pair", name: from.node, peer: to.node },
    within: [from.node, to.node],
    hooks: [
      ...before,
      say("NIC and driver of {node}", { node: from.node }),
      say("cables, switches and routers"),
      say("NIC, receive ring and XDP programs of {node}", { node: to.node }),
      ...behind,
    ],
  };
}

function cable(from: Tap, to: Tap, plan: Plan): Between {
  const inside = from.kind === "pod" ? from : to;
  const pod = plan.vantages.find((at) => isPod(at) && at.netns === inside.netns);
  const device = inside.device;
  return {
    kind: "cable",
    where: pod
      ? { kind: "pod", name: pod.label, device }
      : { kind: "node", name: inside.node, device: from.kind === "pod" ? to.device : from.device },
    within: [inside.node, ...(pod ? [pod.label] : [])],
    hooks: [
      say("the cable (veth) between the pod and its node"),
      say("the backlog of the CPU that takes packets off it (softnet)"),
      say("XDP programs of {device}", { device: to.device }),
    ],
  };
}

/** What a packet meets behind a tap by whose device it came in. */
function entering({ kind, device }: Tap): readonly Sentence[] {
  return [
    ...(kind === "pod" ? [say("the cable (veth) between the pod and its node")] : []),
    say("programs at tc ingress of {device}", { device }),
  ];
}

function leaving({ kind, device }: Tap): readonly Sentence[] {
  return [
    say("tc egress and the queue (qdisc) of {device}", { device }),
    ...(kind === "pod" ? [say("the cable (veth) between the pod and its node")] : []),
  ];
}

function routed(): readonly Sentence[] {
  return [
    say("the reverse-path filter"),
    say("netfilter (PREROUTING, FORWARD, POSTROUTING) and conntrack"),
    say("routes and neighbour entries"),
  ];
}

function outwards(from: Tap, to: Tap): readonly Sentence[] {
  const [near, far] = [DISTANCE[from.kind], DISTANCE[to.kind]];
  if (from.kind === "nic") return [say("the bond's choice of a member"), ...leaving(to)];
  return [
    ...(near < STACK ? entering(from) : []),
    ...(near < DISTANCE.bridge ? bridged(from, to) : []),
    ...(near < STACK && far >= STACK ? routed() : []),
    ...(from.kind === "tunnel"
      ? [
          say("encapsulation by {device}", { device: from.device }),
          say("netfilter (OUTPUT, POSTROUTING) for the outer packet, its route and neighbour"),
        ]
      : []),
    ...(to.kind === "bridge" ? [] : leaving(to)),
  ];
}

function inwards(from: Tap, to: Tap): readonly Sentence[] {
  const far = DISTANCE[to.kind];
  if (from.kind === "bond-member") return [say("the bond, which takes packets of active members only")];
  if (to.kind === "tunnel")
    return [
      ...entering(from),
      say("netfilter (PREROUTING, INPUT) and the reverse-path filter for the outer packet"),
      say("checks of the tunnel {device}: network identifier, checksum, sender", { device: to.device }),
    ];
  return [
    ...(from.kind === "bridge" ? [] : [...entering(from), ...routed()]),
    ...(far < DISTANCE.bridge ? bridged(to, from) : []),
    ...leaving(to),
  ];
}

/** Between a port of a bridge and the bridge; `outside` is where packets go to or come from. */
function bridged(port: Tap, outside: Tap): readonly Sentence[] {
  return outside.kind === "bridge"
    ? [say("state, filters and forwarding table of the bridge {device}", { device: outside.device })]
    : [say("the bridge that {device} is a port of, if it is one", { device: port.device })];
}
