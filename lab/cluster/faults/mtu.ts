import { z } from "zod";
import { findEnd } from "../names.ts";
import { type PlannedNode, tunnelBytes } from "../plan.ts";
import { defineFault, type LabParts, machineOf, type Undo, whileBooted } from "./fault.ts";
import { addWireRules, ipOf, placeRule, wireMatches, wirePlace } from "./wire.ts";

type Spec = {
  readonly node?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly bytes: number;
};

/**
 * Packets above a size do not pass: on the wire, where nobody says so or (icmp) where the nodes know and say so; or because a
 * node's own devices are set so that they do not fit (device).
 */
export const mtu = defineFault(
  "mtu",
  {
    node: wirePlace.node,
    from: wirePlace.from,
    to: wirePlace.to,
    /** Largest IP packet between nodes that passes, tunnel headers included; with `device`, the MTU that it is given. */
    bytes: z
      .number("must be a number of bytes")
      .int()
      .min(68, "must be at least 68")
      .max(9_000, "must be at most 9000"),
    /** Whether "fragmentation needed" gets back. */
    icmp: z.boolean("must be true or false").default(false),
    /** "nic": the node's NIC. "tunnel": tunnel, bridge and pods, in a network that carries no fragments. */
    device: z.enum(["nic", "tunnel"], "must be nic or tunnel").optional(),
  },
  {
    rules: [
      placeRule,
      { message: "must be at most 1500", path: ["bytes"], holds: ({ bytes, device }) => bytes <= 1_500 || !!device },
      {
        message: "goes with the wire, not with a device",
        path: ["icmp"],
        holds: ({ icmp, device }) => !icmp || !device,
      },
    ],
    prepare({ bytes, icmp, device, ...place }, lab) {
      const { matches, words } = wireMatches(lab, { ...place, direction: "both" });
      const spec = { ...place, bytes };
      if (device === "nic")
        return {
          description: `the NIC of ${nodesOf(lab, spec).map(({ node }) => node.name)} has an MTU of ${bytes}`,
          apply: () => together(nodesOf(lab, spec).map((one) => () => setMtus(lab, one, ["eth0"], bytes))),
        };
      if (device === "tunnel") {
        const { tunnel } = lab.plan;
        return {
          description: `tunnel and pods of ${nodesOf(lab, spec).map(({ node }) => node.name)} have an MTU of ${bytes}, and fragments vanish`,
          apply: () =>
            together([
              () =>
                addWireRules(
                  lab,
                  matches.map((match) => `${match} ether type ${ipOf(lab)} ${fragments[ipOf(lab)]} counter drop`),
                ),
              ...nodesOf(lab, spec).flatMap((one) => [
                ...(tunnel === undefined ? [] : [() => setTunnelMtu(lab, one, tunnel, bytes)]),
                () => setMtus(lab, one, [...podLinks(lab, one), "cni0"], bytes),
                ...podsOn(lab, one).map((pod) => () => setPodMtu(lab, pod, bytes)),
              ]),
            ]),
        };
      }
      const drop = (): Promise<Undo> =>
        addWireRules(
          lab,
          matches.map((match) => `${match} ether type ${ipOf(lab)} meta length > ${bytes} counter drop`),
        );
      return {
        description: `packets above ${bytes} bytes ${icmp ? "are refused" : "vanish"} ${words}`,
        apply: () => (icmp ? together([drop, ...knowing(lab, spec)]) : drop()),
      };
    },
  },
);

/** How nft tells parts of a packet; those of IPv6 have a header that says so. */
const fragments = { ip: "ip frag-off & 0x3fff != 0", ip6: "ip6 nexthdr 44" } as const;

/** Does one after the other; when one fails, what was done is undone. */
async function together(steps: readonly (() => Promise<Undo>)[]): Promise<Undo> {
  const undos: Undo[] = [];
  const back = async (): Promise<void> => {
    for (const undo of undos.toReversed()) await undo();
  };
  for (const step of steps)
    try {
      undos.push(await step());
    } catch (error) {
      await back();
      throw error;
    }
  return back;
}

/** The nodes that are meant: the one, or those of both ends. */
function nodesOf(lab: LabParts, { node, from, to }: Spec): readonly PlannedNode[] {
  const names = [node, from, to].flatMap((text) => {
    if (text === undefined) return [];
    const end = findEnd(lab.store, text);
    return ["node" in end ? end.node.name : end.pod.node];
  });
  return lab.plan.nodes.filter(({ node: { name } }) => names.includes(name));
}

/** Every node that sends over that wire learns the limit as the MTU of its routes, and tells those whom it forwards for. */
function knowing(lab: LabParts, spec: Spec): readonly (() => Promise<Undo>)[] {
  const meant = nodesOf(lab, spec);
  const peers = spec.node === undefined ? meant : lab.plan.nodes;
  const pairs = meant.flatMap((one) => peers.filter((peer) => peer !== one).map((peer) => [one, peer] as const));
  const both = new Set(
    [...pairs, ...pairs.map(([one, peer]) => [peer, one] as const)].map(([a, b]) => `${a.index} ${b.index}`),
  );
  const inner = spec.bytes - tunnelBytes(lab.plan);
  const ip = ["ip", lab.plan.addresses.family === "ipv4" ? "-4" : "-6"];
  const whole = lab.plan.addresses.family === "ipv4" ? 32 : 128;
  return [...both].map((key) => {
    const [sender, receiver] = key.split(" ").map((index) => lab.plan.nodes.find((one) => one.index === Number(index)));
    return async (): Promise<Undo> => {
      if (!sender || !receiver) throw new Error(`no nodes ${key}`);
      const machine = machineOf(lab, sender.node.name);
      const { podCidr, ip: address } = receiver.node;
      const own = [`${address}/${whole}`, "dev", "eth0"];
      const before = (await machine.run([...ip, "route", "show", "exact", podCidr])).trim().split(/\s+/);
      await machine.run([...ip, "route", "replace", ...before, "mtu", `${inner}`]);
      await machine.run([...ip, "route", "add", ...own, "mtu", `${spec.bytes}`]);
      return whileBooted(machine, async () => {
        await machine.run([...ip, "route", "del", ...own]);
        await machine.run([...ip, "route", "replace", ...before]);
      });
    };
  });
}

async function setMtus(lab: LabParts, { node }: PlannedNode, devices: readonly string[], bytes: number): Promise<Undo> {
  const machine = machineOf(lab, node.name);
  const before: string[] = [];
  for (const device of devices) {
    before.push((await machine.run(["cat", `/sys/class/net/${device}/mtu`])).trim());
    await machine.run(["ip", "link", "set", "dev", device, "mtu", `${bytes}`]);
  }
  return whileBooted(machine, async () => {
    for (const [index, device] of devices.entries())
      await machine.run(["ip", "link", "set", "dev", device, "mtu", before[index] ?? "1500"]);
  });
}

/** The kernel refuses a tunnel that does not fit its NIC; it got so large while the NIC took more. */
async function setTunnelMtu(lab: LabParts, one: PlannedNode, tunnel: string, bytes: number): Promise<Undo> {
  const shrink = await setMtus(lab, one, ["eth0"], bytes + tunnelBytes(lab.plan));
  try {
    return await setMtus(lab, one, [tunnel], bytes);
  } finally {
    await shrink();
  }
}

type PlannedPod = LabParts["plan"]["pods"][number];

function podsOn({ plan }: LabParts, { node }: PlannedNode): readonly PlannedPod[] {
  return plan.pods.filter(({ pod, veth }) => pod.node === node.name && veth !== undefined);
}

function podLinks(lab: LabParts, one: PlannedNode): readonly string[] {
  return podsOn(lab, one).flatMap(({ veth }) => veth ?? []);
}

async function setPodMtu(lab: LabParts, { pod }: PlannedPod, bytes: number): Promise<Undo> {
  const before = (await lab.pods.run(pod, ["ip", "-o", "link", "show", "dev", "eth0"])).match(/ mtu (\d+)/)?.[1];
  await lab.pods.run(pod, ["ip", "link", "set", "dev", "eth0", "mtu", `${bytes}`]);
  return whileBooted(machineOf(lab, pod.node), async () => {
    await lab.pods.run(pod, ["ip", "link", "set", "dev", "eth0", "mtu", before ?? "1500"]);
  });
}
