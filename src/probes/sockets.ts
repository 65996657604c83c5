import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";

const destination = z.object({
  source: z.string(),
  ip: z.string(),
  port: z.number().int(),
  /** Connections with a local port out of the range, and how many of them only wait for late packets (TIME_WAIT). */
  total: z.number(),
  waiting: z.number(),
});
type Destination = z.infer<typeof destination>;

/** TCP sockets of a network namespace: by destination the most that any reading showed. Subject: vantage id. */
export const socketsEvidence = defineEvidence(
  "sockets",
  z.object({
    /** First and last local port that connections get. */
    range: z.tuple([z.number(), z.number()]).optional(),
    destinations: z.array(destination),
    /** Newest reading, all sockets by state. */
    states: z.record(z.string(), z.number()),
    /** Pages that TCP holds on the whole node: the most that was seen, and where pressure begins. */
    memory: z.object({ most: z.number(), pressure: z.number() }).optional(),
  }),
);

const MAX_DESTINATIONS = 20;

type Parsed = {
  range?: [number, number];
  memory?: { readonly pages: number; readonly pressure: number };
  readonly states: Record<string, number>;
  readonly destinations: Destination[];
};

/** Reads what `netcheck-sockets` prints. Lines that make no sense are left out. */
export function parseSockets(stdout: string): Parsed {
  const parsed: Parsed = { states: {}, destinations: [] };
  for (const line of stdout.split("\n").slice(0, -1)) {
    const words = line.split(" ");
    const [key = "", ...rest] = words;
    const [a, b] = rest.map(Number);
    if (key === "@range" && a !== undefined && b !== undefined && a <= b) parsed.range = [a, b];
    else if (key === "@memory" && a !== undefined && b !== undefined && b > 0)
      parsed.memory = { pages: a, pressure: b };
    else if (key === "@states")
      for (let at = 0; at + 1 < rest.length; at += 2) {
        const count = Number(rest[at + 1]);
        if (Number.isInteger(count)) parsed.states[rest[at] ?? ""] = count;
      }
    else if (words.length === 5 && /^[\d.:a-f]+$/.test(key)) {
      const [port = 0, total = 0, waiting = 0] = rest.slice(1).map(Number);
      if ([port, total, waiting].every(Number.isInteger) && port > 0)
        parsed.destinations.push({ source: key, ip: rest[0] ?? "", port, total, waiting });
    }
  }
  return parsed;
}

export const sockets: ReadingProbe = {
  kind: "reading",
  name: "sockets",
  scope: "netns",
  pace: "seldom",
  argv: ["netcheck-sockets"],
  read(samples, { subject }) {
    const good = samples.filter(({ exitCode }) => exitCode === 0);
    const newest = good.at(-1);
    if (!newest) return [];
    const all = good.map(({ stdout }) => parseSockets(stdout));
    const last = all.at(-1);
    const most = new Map<string, Destination>();
    for (const one of all.flatMap(({ destinations }) => destinations)) {
      const key = `${one.source} ${one.ip} ${one.port}`;
      if (one.total > (most.get(key)?.total ?? 0)) most.set(key, one);
    }
    const range = last?.range;
    const pages = all.flatMap(({ memory }) => memory ?? []);
    const pressure = pages.at(-1)?.pressure;
    return [
      evidenceOf(socketsEvidence, subject, newest.atMs, {
        ...(range ? { range } : {}),
        destinations: [...most.values()].toSorted((a, b) => b.total - a.total).slice(0, MAX_DESTINATIONS),
        states: last?.states ?? {},
        ...(pressure === undefined ? {} : { memory: { most: Math.max(...pages.map((one) => one.pages)), pressure } }),
      }),
    ];
  },
};
