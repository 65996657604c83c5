import { speedText } from "../core/link-text.ts";
import { nicHardwareEvidence } from "../core/nic-evidence.ts";
import {
  busiestMbit,
  idsOf,
  type NodeOnPath,
  newest,
  nodesOnPath,
  placeOf,
  suffering,
  sufferingText,
  wires,
} from "../core/nic-facts.ts";
import { nearBad } from "../core/node-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { busMbit, type Slot } from "../core/slot-text.ts";
import { kernelEventsOf } from "../probes/kernel.ts";

/** Share of what the bus carries from which on it is the bottleneck. */
const FULL = 0.7;
/** How far bad seconds may lie from a line of the log, s. */
const NEAR_S = 5;

/**
 * The slot of a NIC on the path runs with fewer lanes or slower than both sides could, so that it carries less than the link,
 * or it reports errors that it could not repair (AER). Decisive are such errors in the log while packets through the node are late
 * or lost, or a degraded slot that was nearly full; a degraded slot with room left is only a possibility.
 * Fooled by corrected errors (repaired: minor, left out), by slots that save power while little is to do (their speed is lower
 * then: only where they carry less than the link), by NICs of virtual machines (they tell no slot), by narrow slots that were built
 * so (the card could do more, the slot cannot: told by the same numbers, and said so), and by other devices' errors.
 */
export const pcieDegraded: Rule = {
  name: "pcie-degraded",
  title: "PCIe slot of the NIC is degraded",
  needs: [nicHardwareEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const suspicions = nodes.flatMap((at) => wires(at.nics).flatMap(({ device }) => suspect(at, device, seen)));
    if (suspicions.length > 0) return suspicions;
    const slots = nodes.flatMap(({ node, nics }) =>
      wires(nics).flatMap(({ device }) => {
        const slot = hardwareOf(node, device, seen)?.slot;
        return slot?.lane && slot.width
          ? [say("{place} {power}", { place: `${node}/${device}`, power: slotText(slot) })]
          : [];
      }),
    );
    if (slots.length === 0) return { status: "unknown", because: say("no NIC of the path tells of its PCIe slot") };
    return { status: "cleared", because: say("PCIe slots of the path: {slots}", { slots: listed(slots) }) };
  },
};

function hardwareOf(node: string, device: string, { evidence }: Case) {
  return evidence.get(nicHardwareEvidence, `node/${node}`)?.devices.find((one) => one.device === device);
}

function slotText({ lane, width }: Slot): Sentence {
  return say("{speed} GT/s × {lanes} lanes (at most {most} GT/s × {mostLanes})", {
    speed: `${lane?.now ?? 0}`,
    lanes: width?.now ?? 0,
    most: `${lane?.most ?? 0}`,
    mostLanes: width?.most ?? 0,
  });
}

function suspect({ node, legs, nics }: NodeOnPath, device: string, seen: Case): readonly Suspicion[] {
  if (suffering(legs, seen).length === 0) return [];
  const nic = nics.find((one) => one.device === device);
  const slot = hardwareOf(node, device, seen)?.slot;
  // Lines name the device that reports: "pcieport 0000:00:1c.0: AER: Uncorrected (Fatal) error received: 0000:3b:00.0".
  const bus = hardwareOf(node, device, seen)?.driver?.bus;
  const errors = kernelEventsOf(seen.evidence, node).filter(
    ({ kind, corrected, atMs, text }) =>
      kind === "pcie" &&
      corrected !== true &&
      bus !== undefined &&
      text.includes(bus) &&
      nearBad(atMs, seen.comparison, { beforeS: NEAR_S, afterS: NEAR_S }),
  );
  const { lane, width } = slot ?? {};
  const degraded = lane && width && (lane.now < lane.most || width.now < width.most);
  const carriesMbit = lane && width ? busMbit(lane.now, width.now) : undefined;
  const linkMbit = nic && newest(nic)?.speedMbit;
  const narrow = degraded && carriesMbit !== undefined && linkMbit !== undefined && carriesMbit < linkMbit;
  const busiest = nic ? busiestMbit(nic) : 0;
  const full = narrow && busiest >= FULL * carriesMbit;
  if (errors.length === 0 && !narrow) return [];
  return [
    {
      status: "suspected",
      confidence: full || (errors.length > 0 && narrow) ? "certain" : errors.length > 0 ? "likely" : "possible",
      where: placeOf(node, device),
      because: [
        ...(slot && narrow
          ? [
              say("the slot of {device} of {node} runs at {slot}: it carries {bus}, the link {link}", {
                device,
                node,
                slot: slotText(slot),
                bus: speedText(Math.round(carriesMbit)),
                link: speedText(linkMbit),
              }),
            ]
          : []),
        ...(errors[0] ? [say("the kernel of {node} says: {line}", { node, line: errors[0].text.slice(0, 120) })] : []),
        ...(narrow ? [say("it carried up to {rate} during the check", { rate: speedText(Math.round(busiest)) })] : []),
        sufferingText(node, legs, seen),
      ],
      against: errors.length > 0 || full ? [] : [say("the slot had room left during the check")],
      confirm: [
        `grep . /sys/class/net/${device}/device/{current,max}_link_{speed,width}; dmesg -T | grep -i AER   # on ${node}`,
        `lspci -vv -s $(basename $(readlink /sys/class/net/${device}/device)) | grep -E 'LnkCap|LnkSta'   # on ${node}`,
      ],
      advice: [
        say(
          "Reseat the NIC of {node} ({device}), or put it into another slot; look whether the slot was built narrower than the card",
          { node, device },
        ),
        say("Replace card, riser or board of {node} if errors come back", { node }),
      ],
      explains: [
        "nic-ring-overflow",
        "nic-reset",
        "link-rate-limited",
        "path-loss",
        "link-delay",
        "high-latency",
        "port-filtered",
      ],
      legs: idsOf(legs),
    },
  ];
}
