import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { namespaceCommand } from "../core/namespace-command.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

const listener = z.object({
  /** Address it is bound to; `0.0.0.0`, `::` and `*` are all addresses. */
  ip: z.string(),
  port: z.number().int(),
});
export type Listener = z.infer<typeof listener>;

/** TCP sockets that listen, and how that changed. Subject: vantage id. */
export const listenersEvidence = defineEvidence(
  "listeners",
  z.object({
    versions: z.array(z.object({ fromMs: z.number(), toMs: z.number(), value: z.array(listener) })),
    /** Connections that waited to be accepted, by port: the most that any reading showed, and the limit. */
    queues: z.array(z.object({ port: z.number(), waiting: z.number(), limit: z.number() })),
  }),
);

type Seen = Listener & { readonly waiting: number; readonly limit: number };

/** Reads what `netcheck-netns` prints in the form of `ss -Hltn`: state, Recv-Q, Send-Q, local address:port, peer. Undefined for text in which no line is of that form. */
export function parseListeners(stdout: string): readonly Seen[] | undefined {
  const lines = stdout.split("\n").filter((line) => line.trim() !== "");
  const found = lines.flatMap((line) => {
    const [state, waiting, limit, local = ""] = line.trim().split(/\s+/);
    const colon = local.lastIndexOf(":");
    const port = Number(local.slice(colon + 1));
    if (state !== "LISTEN" || colon < 1 || !Number.isInteger(port)) return [];
    const ip = local
      .slice(0, colon)
      .replace(/^\[|\]$/g, "")
      .replace(/%.*$/, "");
    return [{ ip, port, waiting: Number(waiting), limit: Number(limit) }];
  });
  return lines.length > 0 && found.length === 0 ? undefined : found;
}

export const listeners: ReadingProbe = {
  kind: "reading",
  name: "listeners",
  scope: "netns",
  pace: "often",
  argv: namespaceCommand,
  section: "listeners",
  read(samples, { subject }) {
    const versions = versionsOf(samples, (stdout) => parseListeners(stdout)?.map(({ ip, port }) => ({ ip, port })));
    const newest = versions.at(-1);
    if (!newest) return [];
    const queues = new Map<number, { port: number; waiting: number; limit: number }>();
    for (const { exitCode, stdout } of samples)
      if (exitCode === 0)
        for (const { port, waiting, limit } of parseListeners(stdout) ?? [])
          if (!(waiting <= (queues.get(port)?.waiting ?? -1))) queues.set(port, { port, waiting, limit });
    return [
      evidenceOf(listenersEvidence, subject, newest.toMs, { versions: [...versions], queues: [...queues.values()] }),
    ];
  },
};
