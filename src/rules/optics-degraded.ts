import { bondsOnPath, idleSlaves, isDim, powerText } from "../core/bond-facts.ts";
import type { Module } from "../core/module-text.ts";
import { nicHardwareEvidence } from "../core/nic-evidence.ts";
import { idsOf, type NodeOnPath, nodesOnPath, placeOf, suffering, sufferingText, wires } from "../core/nic-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";

/** Half the light gone while we watched: a cable that is being bent or a laser that dies. */
const FALLEN_DB = 3;

/**
 * The transceiver of a link on the path gets too little light or raises an alarm of its own: below its low-alarm
 * threshold, a flag for received or sent power, temperature or bias current that is on, or power that fell by 3 dB during
 * the check. Frames then arrive damaged and are dropped. Certain where legs through the node suffer as well,
 * else only possible.
 * Fooled by modules without a light sensor (copper: not measured), by unused lanes of a split cable (they send nothing
 * either: left out), by the standby slave of a bond (its light harms nobody: left out), and by "high" power warnings,
 * which short cables cause and which are left out.
 */
export const opticsDegraded: Rule = {
  name: "optics-degraded",
  title: "Optics are degraded",
  needs: [nicHardwareEvidence],
  evaluate(seen) {
    const read = nodesOnPath(seen).flatMap((at) => modulesOf(at, seen).map((one) => ({ at, ...one })));
    const suspicions = read.flatMap(({ at, device, first, module }) => suspicion(at, device, { first, module }, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("no transceiver of the path measures light, or none can be asked") };
    return {
      status: "cleared",
      because: say("optics of the path read normal: {modules}", {
        modules: listed(
          read.map(({ at, device, module }) =>
            say("{place} {power}", { place: `${at.node}/${device}`, power: powerText(module) }),
          ),
        ),
      }),
    };
  },
};

type Read = { readonly device: string; readonly first: Module; readonly module: Module };

/** Modules that traffic crosses: of the NICs, and of the slaves of bonds that are in use. */
function modulesOf({ node, nics }: NodeOnPath, { evidence }: Case): readonly Read[] {
  const bonds = bondsOnPath(node, evidence).map(({ bond }) => bond);
  const idle = idleSlaves(node, evidence);
  const devices = new Set([
    ...wires(nics).map(({ device }) => device),
    ...bonds.flatMap(({ slaves }) => slaves.map(({ name }) => name)),
  ]);
  return (evidence.get(nicHardwareEvidence, `node/${node}`)?.devices ?? []).flatMap(({ device, modules }) => {
    const [first, module] = [modules[0]?.value, modules.at(-1)?.value];
    return first && module && devices.has(device) && !idle.has(device) ? [{ device, first, module }] : [];
  });
}

/** Flags that tell of a broken module or link, not of a short cable. */
function isGrave(flag: string): boolean {
  return / alarm/.test(flag) && !/power high|voltage high/.test(flag);
}

function suspicion(
  { node, legs }: NodeOnPath,
  device: string,
  { first, module }: Pick<Read, "first" | "module">,
  seen: Case,
): readonly Suspicion[] {
  const dim = isDim(module);
  const flags = module.alarms.filter(isGrave);
  const fallen = Math.min(...first.rxDbm) - Math.min(...module.rxDbm);
  const hurts = suffering(legs, seen).length > 0;
  const grave = dim === "alarm" || flags.length > 0 || fallen >= FALLEN_DB;
  if (!grave && !(dim === "warning" && hurts)) return [];
  return [
    {
      status: "suspected",
      confidence: grave && hurts ? "certain" : "possible",
      where: placeOf(node, device),
      because: [
        say("the transceiver of {node} ({device}): {power}", { node, device, power: powerText(module) }),
        ...(flags.length > 0 ? [say("it raises alarms: {flags}", { flags: listed(flags) })] : []),
        ...(fallen >= FALLEN_DB
          ? [say("received power fell by {db} dB during the check", { db: fallen.toFixed(1) })]
          : []),
        ...(module.celsius === undefined ? [] : [say("its temperature is {celsius} °C", { celsius: module.celsius })]),
        ...(hurts ? [sufferingText(node, legs, seen)] : []),
      ],
      against: hurts ? [] : [say("nothing on the path suffered from it during the check")],
      confirm: [`ethtool -m ${device}; ethtool -S ${device} | grep -Ei 'crc|fcs|symbol|err'   # on ${node}`],
      advice: [
        say(
          "Clean and reseat the fibre of {node} ({device}) at both ends, then replace fibre and transceivers one by one",
          { node, device },
        ),
        say(
          "Compare with what the switch port at the other end receives and sends: too little light sent there is too little here",
        ),
      ],
      explains: ["path-loss", "link-delay", "nic-periodic-delay", "link-crc-errors", "link-flapping", "high-latency"],
      legs: idsOf(legs),
    },
  ];
}
