import { addressesEvidence } from "../core/addresses.ts";
import { silenceLooksLike } from "../core/between-nodes.ts";
import { endsOf, isPod } from "../core/elements.ts";
import { isIpv6Path } from "../core/ip-family.ts";
import { asked, askedVantages, suffers } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion, Verdict } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { nodeVantage } from "../core/tunnels.ts";
import { tapFactsEvidence } from "../pcap/tap-evidence.ts";
import { arpAnswersEvidence } from "../probes/arp-answers.ts";
import { neighboursEvidence } from "../probes/neighbours.ts";

/** Addresses that answer for others by design: Calico's and VRRP's. */
const BY_DESIGN = /^(ee:ee:ee:ee:ee:ee|00:00:5e:00:0[12]:)/;

const MIN_REFUSED = 3;
/** An address that moves is announced by another MAC address from then on; one with two owners goes back and forth. */
const MIN_CHANGES = 2;

/** What speaks for a second owner of an address. */
type Double = {
  readonly of: Vantage;
  readonly own: readonly string[];
  /** MAC addresses that are not the owner's and answer for its address. */
  readonly foreign: readonly string[];
  /** Vantage points whose devices carry the address as well. */
  readonly holders: readonly Vantage[];
  /** Nodes whose neighbour table has the wrong MAC address. */
  readonly misled: readonly Vantage[];
};

/**
 * Two hosts or two pods have one address, so that packets go to whoever spoke last. Decisive: another vantage point's
 * device carries the address of an end of the path, or of its node, or a MAC address that is none of the owner's answers
 * for it; and legs to or from the owner lose packets.
 * Fooled by a host that answers from all of its NICs (all MAC addresses of the owner count as its own), by proxies that
 * answer for others (who answers for several addresses that are not its own is one), by VRRP and Calico's
 * ee:ee:ee:ee:ee:ee, and by pods in their node's network (they are the node).
 */
export const duplicateIp: Rule = {
  name: "duplicate-ip",
  title: "Two hosts have one address",
  needs: [addressesEvidence],
  evaluate(seen): Verdict | readonly Suspicion[] {
    const { plan, evidence } = seen;
    const ends = askedVantages(plan);
    const owners = [...ends, ...ends.flatMap(({ node }) => nodeVantage(plan, node) ?? [])];
    const doubles = [...new Map(owners.map((owner) => [owner.id, owner])).values()].flatMap((owner) =>
      doubleOf(owner, seen),
    );
    const suspicions = doubles.flatMap((double) => suspect(double, seen));
    if (suspicions.length > 0) return suspicions;
    const [harmless] = doubles;
    if (harmless)
      return {
        status: "unknown",
        because: say("somebody else answers for {ip} of {owner}, but packets to it arrive", {
          ip: harmless.of.ip,
          owner: harmless.of.label,
        }),
      };
    // Captures show answers of IPv4 neighbours only.
    if (!evidence.has(arpAnswersEvidence) && (isIpv6Path(plan) || !evidence.has(tapFactsEvidence)))
      return { status: "unknown", because: say("nobody was asked who has the addresses of the path") };
    return {
      status: "cleared",
      because: say("nobody else answers for the addresses of {ends}", {
        ends: listed(owners.map(({ label }) => label)),
      }),
    };
  },
};

function doubleOf(of: Vantage, seen: Case): readonly Double[] {
  const { plan, evidence } = seen;
  const own = macsOf(of, seen);
  const holders = plan.vantages.filter(({ id }) => id !== of.id && devicesOf(id, seen).some(carries(of.ip)));
  const heard = answersFor(seen).flatMap(({ ip, macs }) => (ip === of.ip ? macs : []));
  // Without the owner's own devices only two different answers say that one of them is somebody else's.
  const others = own.length > 0 ? heard.filter((mac) => !own.includes(mac)) : new Set(heard).size > 1 ? heard : [];
  const foreign = [...new Set(others)].filter((mac) => !BY_DESIGN.test(mac) && !isProxy(mac, of, seen));
  const misled = plan.vantages.filter(({ id }) =>
    evidence
      .get(neighboursEvidence, id)
      ?.neighbours.some(({ ip, mac }) => ip === of.ip && mac !== undefined && foreign.includes(mac)),
  );
  return foreign.length > 0 || holders.length > 0 ? [{ of, own, foreign, holders, misled }] : [];
}

type Device = { readonly mac?: string | undefined; readonly addresses: readonly { readonly ip: string }[] };

function devicesOf(id: string, { evidence }: Case): readonly Device[] {
  return evidence.get(addressesEvidence, id)?.devices ?? [];
}

function carries(ip: string): (device: Device) => boolean {
  return ({ addresses }) => addresses.some((address) => address.ip === ip);
}

function macsOf({ id }: Vantage, seen: Case): readonly string[] {
  return devicesOf(id, seen).flatMap(({ mac }) => mac ?? []);
}

function answersFor({ evidence }: Case): readonly { readonly ip: string; readonly macs: readonly string[] }[] {
  const asked = evidence.all(arpAnswersEvidence).flatMap(({ data }) => data.answers);
  return [...asked, ...capturedAnswers(evidence)].map(({ ip, macs }) => ({ ip, macs: Object.keys(macs) }));
}

/** Addresses that captures saw announced by several MAC addresses in turn. */
function capturedAnswers(evidence: Case["evidence"]) {
  return evidence
    .all(tapFactsEvidence)
    .flatMap(({ subject, data }) => data.arp.map((answer) => ({ tap: subject, ...answer })))
    .filter(({ changes }) => changes >= MIN_CHANGES);
}

/** Whether it answers for another address, too, that is not its own. */
function isProxy(mac: string, of: Vantage, seen: Case): boolean {
  const { plan } = seen;
  return answersFor(seen).some(({ ip, macs }) => {
    const owner = plan.vantages.find((vantage) => vantage.ip === ip);
    if (ip === of.ip || !owner || !macs.includes(mac)) return false;
    const own = macsOf(owner, seen);
    return own.length > 0 && !own.includes(mac);
  });
}

function suspect(double: Double, seen: Case): readonly Suspicion[] {
  const { of, own, foreign, holders, misled } = double;
  const { plan, comparison } = seen;
  const touching = [...comparison.legs.values()].filter(({ leg, sent }) => {
    const { from, to } = endsOf(leg, plan);
    const ends = [from, to].filter((end) => end !== undefined);
    if (sent === 0 || leg.scope === "local") return false;
    return ends.some((end) => (isPod(of) ? end.id === of.id : end.node === of.node));
  });
  // The other one may well answer echoes, and refuse the port.
  const bad = touching.filter((result) => suffers(result) || result.refused >= MIN_REFUSED);
  if (!bad.some(({ leg }) => asked(leg))) return [];
  const second =
    holders[0] ?? plan.vantages.find((vantage) => foreign.some((mac) => macsOf(vantage, seen).includes(mac)));
  const device = plan.vantages
    .flatMap(({ id }) => seen.evidence.get(arpAnswersEvidence, id)?.answers ?? [])
    .find(({ ip }) => ip === of.ip)?.device;
  const names = { ip: of.ip, owner: of.label };
  return [
    {
      status: "suspected",
      confidence: holders.length > 0 || own.length > 0 ? "certain" : "likely",
      where: isPod(of) ? { kind: "pod", name: of.label } : { kind: "node", name: of.node },
      because: [
        ...(second
          ? [say("{second} has the address {ip} of {owner} too", { ...names, second: second.label })]
          : [say("{ip} of {owner} has a second owner that netcheck does not know", names)]),
        ...(foreign.length > 0 ? answersTexts(double, seen) : []),
        ...(misled.length > 0
          ? [
              say("what is for {owner} goes to the wrong one from {nodes}", {
                nodes: listed(misled.map(({ label }) => label)),
                owner: of.label,
              }),
            ]
          : []),
        say("{lost} of {sent} to and from {owner} are lost or refused", {
          lost: touching.reduce((sum, { lost, refused }) => sum + lost + refused, 0),
          sent: counted(
            touching.reduce((sum, { sent }) => sum + sent, 0),
            "packet",
          ),
          owner: of.label,
        }),
      ],
      against: [],
      confirm: [
        `arping -b -c 3 -I ${device ?? "DEVICE"} ${of.ip}   # on another host of the same network: two MAC addresses answer`,
        `ip neigh show to ${of.ip}   # on the nodes that send to it`,
      ],
      advice: [
        second
          ? say("Take {ip} off {second}, then let {owner} announce it (arping -A)", { ...names, second: second.label })
          : say("Find the second owner by its MAC address in the switches' tables, and take {ip} off it", {
              ip: of.ip,
            }),
        say(
          "Find how it got the address: a copied machine, DHCP beside static addresses, a leak in the pod network's address management",
        ),
      ],
      explains: ["firewall-drop", "port-closed", "reset-by-peer", ...silenceLooksLike],
      strikesElsewhere: true,
      legs: touching.map(({ leg }) => leg.id),
    },
  ];
}

function answersTexts({ of, own, foreign }: Double, { evidence }: Case): readonly Sentence[] {
  const heard = evidence.all(arpAnswersEvidence).flatMap(({ data }) => data.answers);
  const isAnswered = heard.some(({ ip, macs }) => ip === of.ip && foreign.some((mac) => mac in macs));
  const [captured] = capturedAnswers(evidence).filter(({ ip }) => ip === of.ip);
  return [
    ...(isAnswered ? [answersText({ of, own, foreign })] : []),
    ...(captured
      ? [
          say("captured at {tap}: {ip} was announced by {macs} in turn, {changes}", {
            tap: captured.tap,
            ip: of.ip,
            macs: listed(Object.keys(captured.macs)),
            changes: counted(captured.changes, "change"),
          }),
        ]
      : []),
  ];
}

function answersText({ of, own, foreign }: Pick<Double, "of" | "own" | "foreign">): Sentence {
  const values = { ip: of.ip, foreign: listed(foreign) };
  return own.length > 0
    ? say("asked who has {ip}, {foreign} answers, which is none of its owner's MAC addresses", values)
    : say("asked who has {ip}, several answer: {foreign}", values);
}
