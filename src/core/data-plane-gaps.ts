import { addressesEvidence } from "./addresses.ts";
import type { Comparison } from "./compare.ts";
import type { NodePlane } from "./data-plane.ts";
import { devicesEvidence } from "./devices.ts";
import type { EvidenceSet } from "./evidence.ts";
import { asked, askedVantages, measuredLegs, suffers } from "./path-facts.ts";
import type { Gap, Plan } from "./plan.ts";
import { interfacesOf } from "./pod-cables.ts";
import { ofClouds, withEbpf } from "./pod-networks.ts";
import { listed, say } from "./sentence.ts";

type Seen = {
  readonly plan: Plan;
  readonly evidence: EvidenceSet;
  readonly comparison: Comparison;
  readonly planes: readonly NodePlane[];
};

/** In whose name these gaps are told: it is no tool or agent that failed. */
export const DATA_PLANE = "data-plane";

/**
 * What the data planes of the path hide, where it matters to what was asked: how a Service is translated when one was asked for, what
 * captures cannot show where there are any, and who else may drop packets only when the path loses some. A gap says no more than
 * that; it makes nobody a suspect.
 */
export function dataPlaneGaps(seen: Seen): readonly Gap[] {
  return [
    ...serviceGaps(seen),
    ...captureGaps(seen),
    ...outsideGaps(seen),
    ...policyGaps(seen),
    ...interfaceGaps(seen),
  ];
}

function hidden(subject: string, reason: Gap["reason"]): Gap {
  return { probe: DATA_PLANE, subject, reason };
}

/** Of the node that asks: there the address is translated. */
function serviceGaps({ plan, planes }: Seen): readonly Gap[] {
  const from = plan.vantages.find(({ role }) => role === "from");
  const plane = planes.find(({ node }) => node === from?.node)?.plane;
  if (plan.to.kind !== "service" || !from || !plane) return [];
  const subject = `node/${from.node}`;
  const values = { service: plan.to.name, ip: plan.to.ip };
  if (plane.services === "eBPF")
    return [
      hidden(
        subject,
        say("{service} ({ip}) is translated by eBPF programs there: its backends in their maps were not read", values),
      ),
    ];
  return [];
}

/** Recorders at NICs see the outside of what is encrypted. */
function captureGaps({ plan, planes }: Seen): readonly Gap[] {
  return planes.flatMap(({ node, plane }) => {
    const what = plane.encrypted ?? (plane.between?.includes("WireGuard") ? "WireGuard" : undefined);
    const taps = (plan.taps ?? []).filter(
      (tap) => tap.node === node && (tap.kind === "nic" || tap.kind === "bond-member"),
    );
    if (what === undefined || taps.length === 0) return [];
    const devices = listed(taps.map(({ device }) => device));
    return [
      hidden(
        `node/${node}`,
        say("pods' packets to other nodes are encrypted with {what}: at {devices} their inside cannot be seen", {
          what,
          devices,
        }),
      ),
    ];
  });
}

/** The cloud's own filters and routes, when what goes from node to node suffers. */
function outsideGaps({ planes, comparison }: Seen): readonly Gap[] {
  const betweenNodes = badAsked(comparison).some(({ scope }) => scope === "overlay" || scope === "underlay");
  if (!betweenNodes) return [];
  return planes
    .filter(({ plane }) => plane.network.some((name) => ofClouds.includes(name)))
    .map(({ node, plane }) =>
      hidden(
        `node/${node}`,
        say(
          "security groups, firewall rules and routes of the cloud ({network}) lie outside of the nodes: they were not read",
          { network: listed(plane.network) },
        ),
      ),
    );
}

/** Policies that are kept in eBPF maps, when the path suffers. */
function policyGaps({ planes, comparison }: Seen): readonly Gap[] {
  if (badAsked(comparison).length === 0) return [];
  return planes
    .filter(({ plane }) => plane.services === "eBPF" || plane.network.some((name) => withEbpf.includes(name)))
    .map(({ node, plane }) =>
      hidden(
        `node/${node}`,
        say(
          "{network} keeps policies in eBPF maps: which packets they drop is not read there, nor are policies of its own kinds",
          { network: listed(plane.network) },
        ),
      ),
    );
}

/** Further interfaces of the asked pods (Multus): legs go by the address that Kubernetes knows. */
function interfaceGaps({ plan, evidence }: Seen): readonly Gap[] {
  return askedVantages(plan).flatMap(({ id, ip, netns }) => {
    if (netns === "node") return [];
    const others = interfacesOf({
      addresses: evidence.get(addressesEvidence, id)?.devices,
      devices: evidence.get(devicesEvidence, id)?.devices,
    }).filter(({ addresses }) => !addresses.some((address) => address.ip === ip));
    if (others.length === 0) return [];
    return [
      hidden(
        id,
        say("its further interfaces ({devices}) were not measured, only the one with {ip}", {
          devices: listed(others.map(({ name }) => name)),
          ip,
        }),
      ),
    ];
  });
}

const badAsked = (comparison: Comparison) =>
  measuredLegs(comparison)
    .filter((result) => asked(result.leg) && suffers(result))
    .map(({ leg }) => leg);
