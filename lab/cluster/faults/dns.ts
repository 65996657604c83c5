import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import type { LabPod } from "../model.ts";
import { findPod } from "../names.ts";
import { defineFault, type LabParts, machineOf, type PreparedFault, type Undo, whileBooted } from "./fault.ts";
import { addPodRules } from "./pod-cable.ts";

const milliseconds = z.number("must be milliseconds").min(0).max(60_000);

const modes = [
  "drop",
  "slow",
  "nxdomain",
  "upstream-dead",
  "refused",
  "wrong-resolver",
  "tcp-blocked",
  "crash",
] as const;

const shape = {
  mode: z.enum(modes, `must be one of ${modes.join(", ")}`),
  /** Every n-th answer; all of them when absent. */
  every: z.number().int("must be a whole number").min(1).max(10_000).default(1),
  delayMs: z
    .union([milliseconds, z.tuple([milliseconds, milliseconds])], "must be milliseconds, or [from, to] in milliseconds")
    .default([800, 1_500]),
  /** One DNS pod instead of all; for wrong-resolver, the address that the pod asks instead. */
  server: z.string().optional(),
  /** The pod whose queries are concerned, instead of everybody's. */
  pod: z.string().optional(),
};

type Spec = z.output<z.ZodObject<typeof shape>>;

const takesEvery: readonly string[] = ["drop", "slow", "nxdomain", "refused"];
const takesPod: readonly string[] = ["drop", "tcp-blocked", "wrong-resolver"];

/** Names cannot be resolved, or not well: by the servers, on the way to them, behind them, or for one pod only. */
export const dns = defineFault("dns", shape, {
  rules: [
    {
      message: `is for ${takesEvery.join(", ")}`,
      path: ["every"],
      holds: ({ mode, every }) => every === 1 || takesEvery.includes(mode),
    },
    {
      message: `is for ${takesPod.join(", ")}`,
      path: ["pod"],
      holds: ({ mode, pod }) => pod === undefined || takesPod.includes(mode),
    },
    {
      message: "must be named: whose resolver is wrong",
      path: ["pod"],
      holds: ({ mode, pod }) => mode !== "wrong-resolver" || pod !== undefined,
    },
    {
      message: "takes no server: it is behind all of them",
      path: ["server"],
      holds: ({ mode, server }) => mode !== "upstream-dead" || server === undefined,
    },
    {
      message: "must not end before it begins",
      path: ["delayMs"],
      holds: ({ delayMs }) => typeof delayMs === "number" || delayMs[0] <= delayMs[1],
    },
  ],
  ipv4Only: true,
  prepare: (spec, lab) => (spec.mode === "wrong-resolver" ? wrongResolver(spec, lab) : prepare(spec, lab)),
});

function prepare(spec: Spec, lab: LabParts): PreparedFault {
  const { mode, every, pod: name, server } = spec;
  const servers = serversOf(lab, server);
  const client = name === undefined ? undefined : findPod(lab.store, name);
  const who = server === undefined ? "the cluster's name servers" : `the name server ${server}`;
  const share = every === 1 ? "every query" : `one query in ${every}`;
  const whose = client === undefined ? "" : ` of pod ${client.namespace}/${client.name}`;
  const each = (work: (one: LabPod) => Promise<Undo>) => () => all(servers, work);
  switch (mode) {
    case "drop":
      return {
        description: `${share}${whose} to ${who} gets no answer`,
        apply: client
          ? () => addPodRules(lab, client, { direction: "in", rule: dropped(spec, lab, servers) })
          : each((one) => addPodRules(lab, one, { direction: "out", rule: dropped(spec, lab, []) })),
      };
    case "tcp-blocked": {
      const to = client && server !== undefined ? `ip daddr { ${servers.map(({ ip }) => ip).join(", ")} } ` : "";
      return {
        description: `DNS over TCP${whose} to ${who} is blocked`,
        apply: client
          ? () => addPodRules(lab, client, { direction: "out", rule: `${to}tcp dport 53 drop` })
          : each((one) => addPodRules(lab, one, { direction: "in", rule: "tcp dport 53 drop" })),
      };
    }
    case "slow": {
      const [low, high] = typeof spec.delayMs === "number" ? [spec.delayMs, spec.delayMs] : spec.delayMs;
      return {
        description: `${who}: ${share} is answered ${low}–${high} ms late`,
        apply: each((one) => behave(lab, one, `slow ${low} ${high} ${every}`)),
      };
    }
    case "nxdomain":
      return {
        description: `${who}: ${share} is answered "no such name"`,
        apply: each((one) => behave(lab, one, `rcode 3 ${every}`)),
      };
    case "refused":
      return { description: `${who}: ${share} is refused`, apply: each((one) => behave(lab, one, `rcode 5 ${every}`)) };
    case "crash":
      return {
        description: `${who} crash again and again`,
        apply: each(async (one) => {
          await lab.pods.crash(one);
          return () => lab.pods.release(one);
        }),
      };
    default:
      return { description: "the resolver behind the cluster's name servers is dead", apply: () => silence(lab) };
  }
}

/** The pods of the DNS Deployment, or the one that was named: by its name, or by its number from 1. */
function serversOf({ plan, store }: LabParts, name: string | undefined): LabPod[] {
  const all = plan.pods.filter(({ workload }) => workload === "dns").map(({ pod }) => pod);
  if (name === undefined) return all;
  const nth = /^(?:coredns-)?(\d+)$/.exec(name)?.[1];
  const found =
    all.find((pod) => pod.ip === name) ??
    (nth === undefined ? all.find(({ node }) => node === name) : all[Number(nth) - 1]) ??
    findPod(store, name);
  if (!all.includes(found))
    throw new NetcheckError(
      "bad-config",
      `"${name}" is no name server; there are ${all.map((pod) => `${pod.namespace}/${pod.name} on ${pod.node}`).join(", ")}.`,
    );
  return [found];
}

/** On a pod's cable, where the filter of a network plugin would sit: answers that do not get through. */
function dropped({ every, server }: Spec, { plan }: LabParts, servers: readonly LabPod[]): string {
  const from =
    server === undefined || servers.length === 0 ? "" : `ip saddr { ${servers.map(({ ip }) => ip).join(", ")} } `;
  const part = every === 1 ? "" : `numgen inc mod ${every} ${plan.random.between(0, every - 1)} `;
  return `${from}udp sport 53 ${part}drop`;
}

/** The program itself behaves badly until it is told otherwise, or started again. */
async function behave(lab: LabParts, pod: LabPod, line: string): Promise<Undo> {
  const life = pod.containers[0]?.containerId;
  await lab.pods.control(pod, line);
  return async () => {
    if (pod.containers[0]?.containerId === life && pod.containers[0]?.state === "running")
      await lab.pods.control(pod, "well");
  };
}

/** The host of the outside resolver takes nothing any more. */
async function silence({ fabric }: LabParts): Promise<Undo> {
  const rules = ["udp", "tcp"].map((protocol) => ["INPUT", "-p", protocol, "--dport", "53", "-j", "DROP"]);
  for (const rule of rules) await fabric.run(["iptables", "-A", ...rule]);
  return async () => {
    for (const rule of rules) await fabric.run(["iptables", "-D", ...rule]);
  };
}

/** A pod's resolv.conf names a server that is none. */
function wrongResolver({ pod: name, server }: Spec, lab: LabParts): PreparedFault {
  const pod = findPod(lab.store, name ?? "");
  const address = server ?? lab.plan.addresses.serviceIp(lab.plan.random.between(1, 250), 53);
  if (!z.ipv4().safeParse(address).success)
    throw new NetcheckError("bad-config", "The server of a wrong resolver must be an address.");
  const path = `/var/lib/kubelet/pods/${pod.uid}/resolv.conf`;
  const machine = machineOf(lab, pod.node);
  // In place: the file is bound into the pod, and another file of that name would not be.
  const write = (text: string): Promise<string> => machine.run(["tee", path], { stdin: text });
  return {
    description: `pod ${pod.namespace}/${pod.name} asks ${address} for names`,
    async apply() {
      const before = await machine.run(["cat", path]);
      await write(before.replaceAll(/^nameserver .*$/gm, `nameserver ${address}`));
      return whileBooted(machine, async () => {
        await write(before);
      });
    },
  };
}

async function all(pods: readonly LabPod[], work: (pod: LabPod) => Promise<Undo>): Promise<Undo> {
  await using stack = new AsyncDisposableStack();
  for (const pod of pods) stack.defer(await work(pod));
  const applied = stack.move();
  return () => applied.disposeAsync();
}
