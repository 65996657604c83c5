import { z } from "zod";
import { dataplaneCommand } from "../core/dataplane-command.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson, versionsOf } from "../core/readings.ts";

const program = z.object({
  device: z.string(),
  /** "xdp", or the hook of traffic control as bpftool names it: clsact/ingress, tcx/egress, netkit/peer … */
  hook: z.string(),
  name: z.string(),
  id: z.number(),
});
export type BpfProgram = z.infer<typeof program>;

/** BPF programs on a node's devices over time; only where bpftool is there. Subject: vantage id of the node. */
export const bpfProgramsEvidence = defineEvidence(
  "bpf-programs",
  z.object({ versions: z.array(z.object({ fromMs: z.number(), toMs: z.number(), value: z.array(program) })) }),
);

const entry = z.looseObject({
  devname: z.string(),
  kind: z.string().optional(),
  mode: z.string().optional(),
  name: z.string().optional(),
  id: z.number().optional(),
  prog_id: z.number().optional(),
});
const printed = z.array(z.looseObject({ xdp: z.array(entry).default([]), tc: z.array(entry).default([]) }));
const MAX_PROGRAMS = 400;

/**
 * Reads `bpftool -j net` (bpftool-net(8)). Up to Linux 6.5 the number of a program is `id`, in newer ones `prog_id`; an XDP entry
 * of old ones has no name. None is a finding too: what was there before is gone.
 */
export function parseBpfPrograms(stdout: string): BpfProgram[] | undefined {
  const parsed = printed.safeParse(parseJson(stdout.trim())).data;
  const programs = parsed?.flatMap(({ xdp, tc }) => [...xdp.map((one) => ({ ...one, kind: "xdp" })), ...tc]);
  return programs?.slice(0, MAX_PROGRAMS).map(({ devname, kind = "tc", name, id, prog_id: number = id ?? 0 }) => ({
    device: devname,
    hook: kind,
    // Before 6.6 traffic control shows the file and the section: "bpf_netdev_eth0.o:[to-netdev]".
    name: (name ?? `#${number}`).replace(/^.*:\[(.*)\]$/, "$1"),
    id: number,
  }));
}

export const bpfPrograms: ReadingProbe = {
  kind: "reading",
  name: "bpf-programs",
  scope: "node",
  pace: "seldom",
  argv: dataplaneCommand,
  section: "bpf-programs",
  read(samples, { subject }) {
    const versions = versionsOf(samples, parseBpfPrograms);
    const newest = versions.at(-1);
    return newest ? [evidenceOf(bpfProgramsEvidence, subject, newest.toMs, { versions: [...versions] })] : [];
  },
};
