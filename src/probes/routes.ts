import { z } from "zod";
import { evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson, versionsOf } from "../core/readings.ts";
import { type Route, routesEvidence } from "../core/routes.ts";

/** Routes beyond this are a full table of some router; the longest prefixes of the first ones decide. */
const MAX_ROUTES = 3_000;

const printed = z.array(
  z.object({
    dst: z.string(),
    type: z.string().default("unicast"),
    dev: z.string().optional(),
    gateway: z.string().optional(),
    prefsrc: z.string().optional(),
    protocol: z.union([z.string(), z.number()]).optional(),
    table: z.union([z.string(), z.number()]).default("main"),
    metric: z.number().default(0),
    nexthops: z.array(z.object({ dev: z.string().optional(), gateway: z.string().optional() })).optional(),
  }),
);

/** Reads `ip -j route show table all`. Broadcast and multicast entries are left out. */
export function parseRoutes(stdout: string): Route[] | undefined {
  const parsed = printed.safeParse(parseJson(stdout)).data;
  return parsed
    ?.filter(({ type }) => type !== "broadcast" && type !== "multicast" && type !== "anycast")
    .slice(0, MAX_ROUTES)
    .map(({ dst, type, dev = undefined, gateway = undefined, prefsrc, protocol, table, metric, nexthops }) => {
      const device = dev ?? nexthops?.[0]?.dev;
      const next = gateway ?? nexthops?.[0]?.gateway;
      return {
        dst,
        type,
        table: `${table}`,
        metric,
        ...(device === undefined ? {} : { dev: device }),
        ...(next === undefined ? {} : { gateway: next }),
        ...(prefsrc === undefined ? {} : { source: prefsrc }),
        ...(protocol === undefined ? {} : { protocol: `${protocol}` }),
      };
    });
}

/** The routing tables of every vantage point; which way a packet takes is worked out from them. */
export const routes: ReadingProbe = {
  kind: "reading",
  name: "routes",
  scope: "netns",
  pace: "often",
  argv: ["ip", "-j", "route", "show", "table", "all"],
  read(samples, { subject }) {
    const versions = versionsOf(samples, parseRoutes);
    const newest = versions.at(-1);
    return newest ? [evidenceOf(routesEvidence, subject, newest.toMs, { versions: [...versions] })] : [];
  },
};
