import { z } from "zod";
import { dataplaneCommand } from "../core/dataplane-command.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { gainsOf } from "../core/gains.ts";
import type { ReadingProbe, Sample } from "../core/probe.ts";

const peer = z.object({
  device: z.string(),
  /** Address of the other node, without its port; absent while none is known. */
  endpoint: z.string().optional(),
  allowed: z.array(z.string()),
  /** When both sides last agreed on a key, Unix seconds; 0 = never. */
  handshakeS: z.number(),
  /** Bytes that came and went while the check ran. */
  received: z.number(),
  sent: z.number(),
});
export type WireguardPeer = z.infer<typeof peer>;

/** WireGuard peers of a node, newest reading. Subject: vantage id of the node. */
export const wireguardEvidence = defineEvidence(
  "wireguard",
  z.object({ atMs: z.number(), peers: z.array(peer), seconds: z.number() }),
);

type Row = {
  readonly device: string;
  readonly key: string;
  readonly endpoint: string | undefined;
  readonly allowed: readonly string[];
  readonly handshakeS: number;
  readonly received: number;
  readonly sent: number;
};

/** Reads `wg show all dump` (wg(8)): nine fields for each peer, set apart by tabs; lines of devices have five. */
export function parseWireguard(stdout: string): readonly Row[] | undefined {
  const rows = stdout.split("\n").flatMap((line): Row[] => {
    const fields = line.split("\t");
    const [device = "", key = "", , endpoint = "", allowed = "", handshake, received, sent] = fields;
    if (fields.length < 8 || !/^\d+$/.test(handshake ?? "")) return [];
    return [
      {
        device,
        key,
        endpoint: endpoint === "(none)" ? undefined : endpoint.replace(/:\d+$/, "").replaceAll(/[[\]]/g, ""),
        allowed: allowed === "(none)" ? [] : allowed.split(","),
        handshakeS: Number(handshake),
        received: Number(received),
        sent: Number(sent),
      },
    ];
  });
  return rows.length > 0 ? rows : undefined;
}

const MAX_PEERS = 500;

export const wireguard: ReadingProbe = {
  kind: "reading",
  name: "wireguard",
  scope: "node",
  pace: "seldom",
  argv: dataplaneCommand,
  section: "wireguard",
  read(samples, { subject }) {
    const good = samples.filter(({ exitCode, stdout }) => exitCode === 0 && parseWireguard(stdout));
    const [first, last] = [good[0], good.at(-1)];
    if (!first || !last) return [];
    const peers = (parseWireguard(last.stdout) ?? []).slice(0, MAX_PEERS).map((row) => ({
      device: row.device,
      ...(row.endpoint === undefined ? {} : { endpoint: row.endpoint }),
      allowed: [...row.allowed],
      handshakeS: row.handshakeS,
      received: gainOf(good, row, "received"),
      sent: gainOf(good, row, "sent"),
    }));
    const seconds = (last.atMs - first.atMs) / 1_000;
    return [evidenceOf(wireguardEvidence, subject, last.atMs, { atMs: last.atMs, peers, seconds })];
  },
};

function gainOf(samples: readonly Sample[], { device, key }: Row, what: "received" | "sent"): number {
  const gains = gainsOf(samples, (stdout) => {
    const row = parseWireguard(stdout)?.find((one) => one.device === device && one.key === key);
    return row && { [what]: row[what] };
  });
  return gains?.gained[what] ?? 0;
}
