import { parseBonds } from "../core/bond-text.ts";
import { evidenceOf } from "../core/evidence.ts";
import { bondsEvidence } from "../core/nic-evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

/** grep prints all files of a folder at once without a shell. Without bonds there is no such folder. */
export const bonds: ReadingProbe = {
  kind: "reading",
  name: "bonds",
  scope: "node",
  pace: "often",
  wants: ({ role }) => role !== "control",
  argv: ["grep", "-rHs", ".", "/proc/net/bonding"],
  read(samples, { subject }) {
    // 1 and 2 are grep's ways to say that there is nothing to read.
    const said = samples.map((sample) => ([1, 2].includes(sample.exitCode) ? { ...sample, exitCode: 0 } : sample));
    const versions = versionsOf(said, parseBonds);
    const newest = versions.at(-1);
    return newest ? [evidenceOf(bondsEvidence, subject, newest.toMs, { versions: [...versions] })] : [];
  },
};
