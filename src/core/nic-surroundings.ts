import { bondsOnPath, bondText, isDim, moduleOf, powerText, standby } from "./bond-facts.ts";
import type { EvidenceSet } from "./evidence.ts";
import { nicsEvidence } from "./nic-evidence.ts";
import { wires } from "./nic-facts.ts";
import { type Sentence, say } from "./sentence.ts";

/** What is known about the bond and the optics around a NIC, for rules that suspect the NIC itself. */
export type Surroundings = {
  readonly because: readonly Sentence[];
  readonly confirm: readonly string[];
  readonly advice: readonly Sentence[];
};

/** Bonds and devices told about at most: a node has one link that matters, rarely two. */
const MOST = 2;

/** `oneIn`: every n-th packet is affected, if that is known. */
export function surroundingsOf(node: string, evidence: EvidenceSet, oneIn: number | undefined): Surroundings {
  const histories = bondsOnPath(node, evidence).slice(0, MOST);
  const bonds = histories.map(({ bond }) => bond);
  const nics = wires(evidence.get(nicsEvidence, `node/${node}`)?.nics ?? []).map(({ device }) => device);
  const used = bonds.flatMap(({ active, slaves }) =>
    active === undefined ? slaves.map(({ name }) => name) : [active],
  );
  const optics = [...new Set([...used, ...(bonds.length > 0 ? [] : nics)])].flatMap((device) => {
    const module = moduleOf(node, device, evidence);
    if (!module) return [];
    const power = powerText(module);
    return isDim(module) === undefined
      ? [say("the optics of {device} read normal: {power}", { device, power })]
      : [say("the optics of {device} read too little light: {power}", { device, power })];
  });
  const spread = bonds.flatMap(({ name, mode, slaves }) =>
    mode === "balance-rr" && slaves.length === oneIn
      ? [
          say(
            "{bond} sends every {n}th packet over the same slave ({mode}): one of its {n} slaves may be the bad one",
            {
              bond: name,
              n: slaves.length,
              mode,
            },
          ),
        ]
      : [],
  );
  const advice = bonds.flatMap((bond): Sentence[] => {
    const { name, active, mode } = bond;
    if (mode !== "active-backup" || active === undefined) return [];
    const other = standby(bond);
    return other === undefined
      ? [say("Bring up a second slave of {bond}: {active} is the only one that is up", { bond: name, active })]
      : [
          say(
            "Fail {bond} of {node} over from {active} to {other} and measure again; when it is gone, have {active} replaced with its transceiver, cable and switch port",
            { bond: name, node, active, other },
          ),
        ];
  });
  const confirm = bonds.flatMap((bond) => {
    const other = standby(bond);
    return other === undefined
      ? []
      : [`ip link set ${bond.name} type bond active_slave ${other}   # on ${node}: fails over; then measure again`];
  });
  return { because: [...histories.map((one) => bondText(node, one)), ...spread, ...optics], confirm, advice };
}
