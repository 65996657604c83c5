import { devicesEvidence } from "../core/devices.ts";
import { isPod } from "../core/elements.ts";
import { askedNodes, askedVantages } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText, touches } from "../core/suffering.ts";
import { nodeVantage } from "../core/tunnels.ts";
import { type BpfProgram, bpfProgramsEvidence } from "../probes/bpf-programs.ts";
import { linksEvidence } from "../probes/links.ts";

/** Other pods' cables that have a program, from which on its absence at one stands out. */
const MIN_NEIGHBOURS = 2;

type Fact = { readonly text: Sentence; readonly device: string; readonly decisive: boolean };

/**
 * Somebody else's BPF program took the place of the data plane's on a device of the path: it is gone from a hook on which it was
 * when the check began, or one pod's cable lacks the program that all other cables have while another one is there. Supporting
 * only: two programs on one classic hook (clsact), of which the first may end what the second should do. Each needs legs of the
 * node that lose.
 * Fooled by several programs on tcx, which are legal and in order since Linux 6.6, by the agent that replaces its own programs
 * when it restarts (names are compared, not numbers), and by devices that are not on the path.
 */
export const competingBpf: Rule = {
  name: "competing-bpf",
  title: "Another BPF program displaces the pod network's",
  needs: [],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan).filter((node) => seen.evidence.get(bpfProgramsEvidence, `node/${node}`));
    if (sufferers(seen, () => true).length === 0)
      return { status: "cleared", because: say("nothing is lost on the path") };
    if (nodes.length === 0)
      return {
        status: "unknown",
        because: say("BPF programs were not listed on the nodes of the path, or there are none"),
      };
    const suspicions = nodes.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("the BPF programs on the devices of {nodes} are in order, or nothing is lost there", {
        nodes: listed(nodes),
      }),
    };
  },
};

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const bad = sufferers(seen, (_, ends) => touches(node, ends));
  const versions = seen.evidence.get(bpfProgramsEvidence, `node/${node}`)?.versions ?? [];
  const [first, newest] = [versions[0]?.value ?? [], versions.at(-1)?.value ?? []];
  if (bad.length === 0) return [];
  const cables = podCables(node, seen);
  const facts = [...gone(first, newest, node), ...missing(newest, cables, node), ...doubled(newest, cables.mine, node)];
  const [one] = facts;
  if (!one) return [];
  return [
    {
      status: "suspected",
      confidence: facts.some(({ decisive }) => decisive) ? "likely" : "possible",
      where: { kind: "node", name: node, device: one.device },
      because: [...facts.slice(0, 4).map(({ text }) => text), sufferText(bad, seen.plan)],
      against: [],
      confirm: [
        `bpftool net; tc filter show dev ${one.device} ingress; tc filter show dev ${one.device} egress   # on ${node}`,
      ],
      advice: [
        say(
          "Find out who attached it: an observability or security agent, another pod network, one that was not removed",
        ),
        say("Take it off {device} of {node}, then restart the pod network's agent: it attaches its own programs anew", {
          device: one.device,
          node,
        }),
      ],
      explains: [
        "tunnel-blocked",
        "network-policy-deny",
        "port-filtered",
        "service-rules-missing",
        "path-loss",
        "high-latency",
      ],
      legs: idsOf(bad),
    },
  ];
}

/** Ends of the cables of the asked pods, and of other pods, on a node. */
function podCables(
  node: string,
  { plan, evidence }: Case,
): { readonly mine: readonly string[]; readonly others: readonly string[] } {
  const at = nodeVantage(plan, node);
  const devices = (at && evidence.get(devicesEvidence, at.id)?.devices) ?? [];
  const pods = askedVantages(plan).filter((one) => isPod(one) && one.node === node);
  const ends = new Set(
    pods.flatMap(
      ({ id }) => evidence.get(linksEvidence, id)?.devices.flatMap(({ peerIndex }) => peerIndex ?? []) ?? [],
    ),
  );
  const all = devices.filter(({ elsewhere }) => elsewhere === true);
  return {
    mine: all.filter(({ index }) => ends.has(index)).map(({ name }) => name),
    others: all.filter(({ index }) => !ends.has(index)).map(({ name }) => name),
  };
}

function at(programs: readonly BpfProgram[], device: string, hook: string): readonly string[] {
  return programs.filter((one) => one.device === device && one.hook === hook).map(({ name }) => name);
}

/** Programs that went away while their device stayed, and another came. */
function gone(first: readonly BpfProgram[], newest: readonly BpfProgram[], node: string): readonly Fact[] {
  return first.flatMap(({ device, hook, name }): readonly Fact[] => {
    const now = at(newest, device, hook);
    const came = now.filter((one) => !at(first, device, hook).includes(one));
    if (now.includes(name) || came.length === 0) return [];
    return [
      {
        device,
        decisive: true,
        text: say("on {device} of {node} {programs} took the place of {name} ({hook}) during the check", {
          device,
          node,
          programs: listed(came),
          name,
          hook,
        }),
      },
    ];
  });
}

/** A pod's cable on whose hook another program is than on those of all other pods. */
function missing(
  newest: readonly BpfProgram[],
  { mine, others }: ReturnType<typeof podCables>,
  node: string,
): readonly Fact[] {
  const hooks = [...new Set(newest.map(({ hook }) => hook))];
  return mine.flatMap((device) =>
    hooks.flatMap((hook): readonly Fact[] => {
      const [first = [], ...more] = others.map((other) => at(newest, other, hook));
      const common = first.filter((name) => more.every((names) => names.includes(name)));
      const here = at(newest, device, hook);
      const lacks = common.filter((name) => !here.includes(name));
      if (others.length < MIN_NEIGHBOURS || lacks.length === 0 || here.length === 0) return [];
      return [
        {
          device,
          decisive: true,
          text: say("{device} of {node} has {programs} on {hook}, not {name} as the cables of {count} other pods", {
            device,
            node,
            programs: listed(here),
            hook,
            name: listed(lacks),
            count: others.length,
          }),
        },
      ];
    }),
  );
}

/** Several programs of different names on one classic hook of an asked pod's cable. */
function doubled(newest: readonly BpfProgram[], mine: readonly string[], node: string): readonly Fact[] {
  return mine.flatMap((device) =>
    [
      ...new Set(
        newest.filter((one) => one.device === device && one.hook.startsWith("clsact")).map(({ hook }) => hook),
      ),
    ].flatMap((hook): readonly Fact[] => {
      const names = [...new Set(at(newest, device, hook))];
      const text = say("{device} of {node} has several programs on {hook}: {programs}", {
        device,
        node,
        hook,
        programs: listed(names),
      });
      return names.length > 1 ? [{ device, decisive: false, text }] : [];
    }),
  );
}
