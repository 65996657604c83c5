import type { Asked } from "./dns-evidence.ts";
import type { DnsFacts, Tally } from "./dns-facts.ts";
import { tally } from "./dns-facts.ts";
import { nodePlace, podPlace, servicePlace } from "./dns-text.ts";
import type { Place } from "./place.ts";
import { type Sentence, say } from "./sentence.ts";

/** Where something about names is wrong, why there, and whether the comparison leaves no other place. */
export type Found = { readonly where: Place; readonly what: Sentence; readonly sure: boolean };

/** How many queries show what is wrong, of those that could: what is lost is neither slow nor wrong. */
export type Count = { readonly bad: number; readonly of: number };

/**
 * How often a place should have met trouble of this size and did not, for it to be without: by chance that happens in 3 %
 * and, where there is no doubt, in 2 % of all cases (e^-n).
 */
const [EXPECTED, NO_DOUBT] = [3.5, 4];
/**
 * The same for all places but the source together, and for its neighbour when they are without: 2 % and 14 %. Stricter is not
 * safer: who is not sure that only the source is concerned names all of the servers.
 */
const [ELSEWHERE, NEIGHBOUR] = [4, 2];
/** So much trouble is no accident: then a tenth of the share elsewhere is enough, else a third of it. */
const NO_ACCIDENT = 3;

/** Whether a place shares in trouble of this size, and whether that is beyond doubt; undefined = it asked too little. */
function takesPart(
  { bad, of }: Count,
  share: number,
  expected = EXPECTED,
): { readonly part: boolean; readonly sure: boolean } | undefined {
  if (bad > 0 && bad / of >= share / (bad >= NO_ACCIDENT ? 10 : 3)) return { part: true, sure: true };
  // A little is no proof: it counts as nothing would where as much less was to be expected.
  const met = -Math.log(atMost(bad, of * share));
  return met >= expected ? { part: false, sure: met >= NO_DOUBT } : undefined;
}

/** How likely no more than `count` are where `expected` are to be expected (Poisson). */
function atMost(count: number, expected: number): number {
  let [term, sum] = [Math.exp(-expected), 0];
  for (let one = 0; one <= count; one++) {
    sum += term;
    term *= expected / (one + 1);
  }
  return sum;
}

const added = (counts: readonly Count[]): Count => ({
  bad: counts.reduce((sum, { bad }) => sum + bad, 0),
  of: counts.reduce((sum, { of }) => sum + of, 0),
});

/**
 * Compares the DNS pods with each other, where one has three or more of what is counted in a tally, and the source with pods of
 * the same and of another node.
 */
export function locate(facts: DnsFacts, counted: (one: Tally) => Count, transport: Asked["transport"] = "udp"): Found {
  const { at, plan, servers } = facts;
  const count = (data: DnsFacts["nearData"], server: string | undefined): Count =>
    counted(tally(data, plan, { server, transport }));
  const direct = servers.map((server) => ({ server, ...count(facts.data, server.ip) })).filter(({ of }) => of >= 3);
  const worst = Math.max(0, ...direct.filter((one) => one.bad >= NO_ACCIDENT).map((one) => one.bad / one.of));
  const bad = direct.filter((one) => worst > 0 && takesPart(one, worst)?.part);
  if (bad.length === 0) return throughService(facts, { direct: direct.length, count });
  const sum = (data: DnsFacts["nearData"]): Count => {
    // Where no DNS pod is spared, queries to the Service address meet the same.
    const everyone = bad.length === direct.length && facts.used === plan.ip ? [plan.ip] : [];
    return added([...bad.map(({ server }) => server.ip), ...everyone].map((address) => count(data, address)));
  };
  const here = sum(facts.data);
  const share = here.bad / here.of;
  const [beside, beyond] = [sum(facts.nearData), sum(facts.farData)];
  const near = takesPart(beside, share, NEIGHBOUR);
  const far = takesPart(beyond, share);
  // A neighbour that is spared while others suffer had luck.
  if (near?.part === false && takesPart(added([beside, beyond]), share, ELSEWHERE)?.part === false)
    return {
      where: podPlace(at.label),
      what: say("another pod of {node} asked the same and had no trouble", { node: at.node }),
      sure: near.sure,
    };
  const [only, ...others] = bad;
  if (only && others.length === 0 && near?.part === true && far?.part === false && far.sure)
    return {
      where: between(at.node, only.server.node),
      what: say("only {server} is concerned, and pods of other nodes have no trouble with it", {
        server: only.server.label,
      }),
      sure: true,
    };
  if (only && others.length === 0 && direct.length > 1)
    return {
      where: podPlace(only.server.label),
      what: say("only {server} is concerned: the other DNS pods serve {pod} well", {
        server: only.server.label,
        pod: at.label,
      }),
      sure: near?.part === true || far?.part === true,
    };
  if (far?.part === false)
    return {
      where: nodePlace(at.node),
      what: say("pods of other nodes asked the same and had no trouble"),
      sure: near?.part === true && far.sure,
    };
  return {
    where: servicePlace(facts),
    what: say("all of the {count} DNS pods that were asked are concerned", { count: bad.length }),
    sure: far?.part === true,
  };
}

function between(node: string, peer: string): Place {
  return node === peer ? nodePlace(node) : { kind: "pair", name: node, peer };
}

type Direct = {
  readonly direct: number;
  readonly count: (data: DnsFacts["nearData"], server: string) => Count;
};

/** The DNS pods do well when they are asked directly. */
function throughService(facts: DnsFacts, { direct, count }: Direct): Found {
  const { at, plan, used } = facts;
  if (used !== plan.ip)
    return {
      where: nodePlace(at.node),
      what: say("the DNS pods do well when they are asked directly; {server} on {node} does not", {
        server: used,
        node: at.node,
      }),
      sure: direct > 0,
    };
  const here = count(facts.data, plan.ip);
  const far = takesPart(count(facts.farData, plan.ip), here.of === 0 ? 0 : here.bad / here.of);
  const what = say("the DNS pods do well when they are asked directly; the Service address {ip} does not", {
    ip: plan.ip,
  });
  if (far?.part === false) return { where: nodePlace(at.node), what, sure: far.sure && direct > 0 };
  return { where: servicePlace(facts), what, sure: far?.part === true && direct > 0 };
}
