import { nicsEvidence } from "../core/nic-evidence.ts";
import { gained, idsOf, nodesOnPath, placeOf, suffering, sufferingText, unreadText, wires } from "../core/nic-facts.ts";
import type { Leg } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";

/** Damaged frames of a million received from which a link is not in order; a good one has none in a day. */
const PER_MILLION = 1;
/** Fewer damaged frames than this are an accident. */
const MIN_FRAMES = 3;
/** How kernel and drivers call damaged frames: rx_crc_errors, rx_fcs_errors, rx_symbol_err_phy, port.rx_crc_errors … */
const DAMAGED = /(crc|fcs|symbol_?err|align_?err|frame_errors|code_err)/i;
/** Corrected bits are the everyday work of fast links. */
const CORRECTED = /correct|fec_|tx_/i;

/**
 * A NIC on the path receives damaged frames and throws them away: cable, transceiver, dirty fibre, a bad port, or half
 * duplex on one side only. Counted by driver and kernel as CRC, FCS, symbol or alignment errors. Certain when they came in
 * the seconds in which legs through the node lost packets.
 * Fooled by totals of a cable that was replaced long ago (only gains count), by corrected bits, which fast links have
 * always (left out), and by errors that nobody notices (a note, no cause).
 */
export const linkCrcErrors: Rule = {
  name: "link-crc-errors",
  title: "Link damages frames",
  needs: [nicsEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const found = nodes.flatMap(({ node, nics, legs }) =>
      wires(nics).map((nic) => ({ node, legs, nic, errors: gained(nic, isDamage, seen) })),
    );
    const suspicions = found.flatMap(({ node, legs, nic, errors }): Suspicion[] => {
      const frames = (nic.gains?.gained["rx_packets"] ?? 0) + errors.total;
      const perMillion = (errors.total / Math.max(1, frames)) * 1e6;
      const lossy = suffering(legs, seen).filter(({ state }) => state !== "late");
      if (errors.total < MIN_FRAMES || perMillion < PER_MILLION || errors.inside === 0 || lossy.length === 0) return [];
      return [suspicion({ node, device: nic.device, names: errors.names }, errors, frames, legs, seen)];
    });
    if (suspicions.length > 0) return suspicions;
    const unread = unreadText(nodes);
    if (unread) return { status: "unknown", because: unread };
    const total = found.reduce((sum, { errors }) => sum + errors.total, 0);
    return {
      status: "cleared",
      because: say("NICs of the path counted {frames}, none in seconds in which the path lost packets", {
        frames: counted(total, "damaged frame"),
      }),
    };
  },
};

function isDamage(name: string): boolean {
  return DAMAGED.test(name) && !CORRECTED.test(name);
}

type At = { readonly node: string; readonly device: string; readonly names: readonly string[] };

function suspicion(
  { node, device, names }: At,
  { total, inside }: { readonly total: number; readonly inside: number },
  frames: number,
  legs: readonly Leg[],
  seen: Case,
): Suspicion {
  const outside = total - inside;
  return {
    status: "suspected",
    confidence: inside >= outside ? "certain" : "likely",
    where: placeOf(node, device),
    because: [
      say("{device} of {node} received {frames} during the check, {share} of what arrived ({names})", {
        device,
        node,
        frames: counted(total, "damaged frame"),
        share: percentText(total / Math.max(1, frames)),
        names: listed(names.map((name) => name.replace(/^driver\./, ""))),
      }),
      say("{inside} of them in seconds in which the path lost packets", { inside }),
      sufferingText(node, legs, seen),
    ],
    against: outside > inside ? [say("{outside} came while the path was fine", { outside })] : [],
    confirm: [`ethtool -S ${device} | grep -Ei 'crc|fcs|symbol|align'   # on ${node}, twice: what moves`],
    advice: [
      say("Replace the cable or fibre of {node} ({device}), then the transceivers, then try another switch port", {
        node,
        device,
      }),
    ],
    explains: ["path-loss", "high-latency", "port-filtered"],
    legs: idsOf(legs),
  };
}
