import { parseBonds } from "../core/bond-text.ts";
import { evidenceOf } from "../core/evidence.ts";
import { namespaceCommand } from "../core/namespace-command.ts";
import { bondsEvidence } from "../core/nic-evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

/** Without bonds there is no such folder, and the section is empty. */
export const bonds: ReadingProbe = {
  kind: "reading",
  name: "bonds",
  scope: "node",
  pace: "often",
  wants: ({ role }) => role !== "control",
  argv: namespaceCommand,
  section: "bonds",
  read(samples, { subject }) {
    const versions = versionsOf(samples, parseBonds);
    const newest = versions.at(-1);
    return newest ? [evidenceOf(bondsEvidence, subject, newest.toMs, { versions: [...versions] })] : [];
  },
};
