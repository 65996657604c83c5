import { z } from "zod";
import { dataplaneCommand } from "../core/dataplane-command.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

const session = z.object({
  /** As the daemon names it. */
  name: z.string(),
  /** Address of the other side, when the name or the table says. */
  peer: z.string().optional(),
  up: z.boolean(),
  /** "Established", "Active Socket: Connection refused" … */
  state: z.string(),
});
export type BgpSession = z.infer<typeof session>;

/** BGP sessions of a node over time; only where it has any. Subject: vantage id of the node. */
export const bgpEvidence = defineEvidence(
  "bgp",
  z.object({ versions: z.array(z.object({ fromMs: z.number(), toMs: z.number(), value: z.array(session) })) }),
);

/**
 * Reads sessions in any of these forms: `birdcl show protocols` and the control socket of BIRD 1.6 and 2 (there with reply codes
 * such as `1002-`), the table of `calicoctl node status`, and that of `cilium bgp peers`.
 * Sources: BIRD 1.6 and 2.0 manuals (Remote control), docs.tigera.io "calicoctl node status", docs.cilium.io "BGP Control Plane
 * operation guide".
 */
export function parseBgp(stdout: string): BgpSession[] | undefined {
  const sessions = stdout.split("\n").flatMap((raw): BgpSession[] => {
    const line = raw.replace(/^\d{4}[- ]/, "").trim();
    // Mesh_10_0_0_2 BGP      master   start  10:21:34    Active        Socket: Connection refused
    const bird = /^(\S+)\s+BGP\s+\S+\s+(up|start|down|stop|feed|flush)\s+\S+(?:\s+\d\d:\d\d\S*)?\s*(.*)$/.exec(line);
    if (bird) {
      const [, name = "", state = "", info = ""] = bird;
      const octets = /_(\d+)_(\d+)_(\d+)_(\d+)(?:_port_\d+)?$/.exec(name)?.slice(1).join(".");
      return [sessionOf(name, octets, state === "up" && /^established/i.test(info), info || state)];
    }
    // | 10.0.0.2     | node-to-node mesh | start | 10:21:34 | Connect Socket: No route to host |
    const cells = line.startsWith("|") ? line.split("|").map((cell) => cell.trim()) : [];
    const [, calicoPeer = "", kind = "", , , info = ""] = cells;
    if (/^[0-9a-f.:]+$/i.test(calicoPeer)) return [sessionOf(kind, calicoPeer, /^established/i.test(info), info)];
    // kind-worker  65001  65000  172.18.0.5  established  2h10m  ipv4/unicast  3  2
    const cilium =
      /\s(\d+)\s+(\d+)\s+([0-9a-f.:]+)\s+(idle|connect|active|open_?sent|open_?confirm|established)\s/i.exec(
        ` ${line} `,
      );
    if (!cilium) return [];
    const [, , as = "", peer = "", state = ""] = cilium;
    return [sessionOf(`AS${as}`, peer, /^established/i.test(state), state)];
  });
  return sessions.length > 0 ? sessions : undefined;
}

function sessionOf(name: string, peer: string | undefined, up: boolean, state: string): BgpSession {
  return { name, ...(peer === undefined ? {} : { peer }), up, state: state.replaceAll(/\s+/g, " ").slice(0, 120) };
}

export const bgp: ReadingProbe = {
  kind: "reading",
  name: "bgp",
  scope: "node",
  pace: "seldom",
  argv: dataplaneCommand,
  section: "bgp",
  read(samples, { subject }) {
    const versions = versionsOf(samples, parseBgp);
    const newest = versions.at(-1);
    return newest ? [evidenceOf(bgpEvidence, subject, newest.toMs, { versions: [...versions] })] : [];
  },
};
