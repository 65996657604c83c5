import { nicHardwareEvidence, nicsEvidence } from "../core/nic-evidence.ts";
import { gained, idsOf, nodesOnPath, placeOf, suffering, sufferingText, unreadText, wires } from "../core/nic-facts.ts";
import type { Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";

/** Fewer are one short burst. */
const MIN_FRAMES = 3;
/** Frames for which the NIC had no room: rx_missed_errors, rx_no_buffer_count, rx_out_of_buffer, rx_discards_phy … */
const NO_ROOM = /(rx_missed|rx_no_buf|rx_no_dma|out_of_buffer|rx_fifo|rx_over_err|rx_discards|no_desc)/i;

/**
 * A NIC on the path received frames and had no room for them: its ring or its host buffers were full because the CPU did
 * not fetch them in time. Certain when that happened in the seconds in which legs through the node lost packets.
 * Fooled by `rx_dropped`, which also counts frames of protocols that nobody wants (left out), and by old totals.
 */
export const nicRingOverflow: Rule = {
  name: "nic-ring-overflow",
  title: "NIC has no room for frames",
  needs: [nicsEvidence],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const suspicions = nodes.flatMap(({ node, nics, legs }) =>
      wires(nics).flatMap((nic): Suspicion[] => {
        const { device } = nic;
        const { total, inside, names } = gained(nic, (name) => NO_ROOM.test(name), seen);
        const lossy = suffering(legs, seen).filter(({ state }) => state !== "late");
        if (inside < MIN_FRAMES || lossy.length === 0) return [];
        const rings = seen.evidence
          .get(nicHardwareEvidence, `node/${node}`)
          ?.devices.find((one) => one.device === device)?.rings;
        const small = rings && rings.rx < rings.rxMost;
        return [
          {
            status: "suspected",
            confidence: total - inside > inside ? "likely" : "certain",
            where: placeOf(node, device),
            because: [
              say("{device} of {node} had no room for {frames} in seconds in which the path lost packets ({names})", {
                device,
                node,
                frames: counted(inside, "frame"),
                names: listed(names.map((name) => name.replace(/^driver\./, ""))),
              }),
              ...(rings
                ? [say("its receive ring holds {rx} of at most {most} frames", { rx: rings.rx, most: rings.rxMost })]
                : []),
              sufferingText(node, legs, seen),
            ],
            against: [],
            confirm: [
              `ethtool -S ${device} | grep -Ei 'miss|no_buf|out_of|discard|fifo'; ethtool -g ${device}   # on ${node}, twice`,
            ],
            advice: [
              ...(small
                ? [
                    say("Enlarge the receive ring: ethtool -G {device} rx {most} on {node}", {
                      device,
                      most: `${rings.rxMost}`,
                      node,
                    }),
                  ]
                : []),
              say(
                "Find out what keeps the CPUs of {node} from fetching frames: interrupts on one CPU, throttling, a busy kernel",
                { node },
              ),
            ],
            explains: ["path-loss", "high-latency", "port-filtered"],
            legs: idsOf(legs),
          },
        ];
      }),
    );
    if (suspicions.length > 0) return suspicions;
    const unread = unreadText(nodes);
    return unread
      ? { status: "unknown", because: unread }
      : { status: "cleared", because: say("no NIC of the path ran out of room while the path lost packets") };
  },
};
