import { hopsEvidence } from "#src/core/capture.ts";
import type { Case } from "#src/core/rule.ts";
import { counted, type Sentence, say } from "#src/core/sentence.ts";
import { captureFinding, captureIcmp } from "./capture-evidence.ts";
import { isWhole, tapsOf } from "./tap-evidence.ts";

const MIN_LOST = 3;

/** What captures say about packets of full size; `proves` = programs on the path sent the same ones again and again in vain. */
export function capturedSizes({ evidence }: Case): { readonly proves: boolean; readonly texts: readonly Sentence[] } {
  const taps = tapsOf(evidence);
  const stuck = taps
    .flatMap((tap) =>
      evidence
        .all(captureFinding)
        .filter(({ subject, data }) => data.kind === "mtu-black-hole" && subject.startsWith(`${tap.label} `))
        .map(({ data }) => ({ tap, connections: data.numbers["connections"] ?? 0, bytes: data.numbers["bytes"] ?? 0 })),
    )
    .toSorted((a, b) => b.connections - a.connections)[0];
  // Senders are told at the ends of the path.
  const [first] = taps;
  const ends = [first, taps.at(-1)].flatMap((tap) => (tap && isWhole(tap, evidence) ? [tap] : []));
  const untold = ends.filter(({ label }) => evidence.get(captureIcmp, label)?.tooBig === 0);
  const parted = evidence
    .all(hopsEvidence)
    .flatMap(({ data }) => data.hops)
    .filter(({ lost, smallestLost, largestSeen }) => lost >= MIN_LOST && largestSeen > 0 && smallestLost > largestSeen)
    .toSorted((a, b) => b.lost - a.lost)[0];
  return {
    proves: stuck !== undefined && untold.length === ends.length && ends.length > 0,
    texts: [
      ...(stuck
        ? [
            say(
              "captured at {tap}: full-size segments of {bytes} bytes were sent again and again in {connections}, smaller ones were acknowledged",
              { tap: stuck.tap.label, bytes: stuck.bytes, connections: counted(stuck.connections, "connection") },
            ),
          ]
        : []),
      ...(parted
        ? [
            say(
              "captured: of what {from} saw, packets of {lost} bytes and more did not come to {to}, those of up to {seen} bytes did",
              { from: parted.from, to: parted.to, lost: parted.smallestLost, seen: parted.largestSeen },
            ),
          ]
        : []),
      ...((stuck || parted) && untold.length > 0
        ? [
            say('captured: no "fragmentation needed" came to {tap}', {
              tap: untold.map(({ label }) => label).join(", "),
            }),
          ]
        : []),
    ],
  };
}
