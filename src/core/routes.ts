import { z } from "zod";
import { defineEvidence } from "./evidence.ts";

const route = z.object({
  dst: z.string(),
  type: z.string().default("unicast"),
  dev: z.string().optional(),
  gateway: z.string().optional(),
  /** Source address that packets of this host get on this way, unless they have one. */
  source: z.string().optional(),
  /** Who made it, by name or number (rt_protos): kernel, boot, bird, 80 … */
  protocol: z.string().optional(),
  table: z.string().default("main"),
  metric: z.number().default(0),
});
export type Route = z.infer<typeof route>;

/** Routes of a network namespace and how they changed. Subject: vantage id. */
export const routesEvidence = defineEvidence(
  "routes",
  z.object({ versions: z.array(z.object({ fromMs: z.number(), toMs: z.number(), value: z.array(route) })) }),
);

/** What a routing table does with a destination. `via` names the way; "nothing" means no route matched. */
export type Lookup = {
  readonly kind: "specific" | "default" | "nothing" | "refused";
  /** The route that matched. */
  readonly route: Route | undefined;
};

const REFUSING = new Set(["unreachable", "blackhole", "prohibit", "throw"]);
/** Tables that are asked without a rule naming them; others only add, so a match there speaks for "specific". */
const MAIN = new Set(["main", "default", "local"]);

/** Longest-prefix match of an IPv4 or IPv6 address, by prefix length, then metric. Policy rules are not evaluated. */
export function lookUp(routes: readonly Route[], ip: string): Lookup {
  const bits = ipBits(ip);
  if (bits === undefined) return { kind: "nothing", route: undefined };
  const matching = routes
    .flatMap((candidate) => {
      const prefix = prefixOf(candidate.dst, bits.length);
      return prefix !== undefined && bits.startsWith(prefix) ? [{ candidate, length: prefix.length }] : [];
    })
    .toSorted((a, b) => b.length - a.length || a.candidate.metric - b.candidate.metric);
  const best = matching.find(({ candidate }) => MAIN.has(candidate.table));
  const elsewhere = matching.find(({ candidate, length }) => !MAIN.has(candidate.table) && length > 0);
  if (!best || best.length === 0) {
    if (elsewhere && !REFUSING.has(elsewhere.candidate.type)) return { kind: "specific", route: elsewhere.candidate };
    if (!best) return { kind: "nothing", route: undefined };
  }
  if (REFUSING.has(best.candidate.type)) return { kind: "refused", route: best.candidate };
  return { kind: best.length === 0 ? "default" : "specific", route: best.candidate };
}

/** Whether an address lies in a CIDR or equals an address. */
export function inPrefix(ip: string, cidr: string): boolean {
  const bits = ipBits(ip);
  const prefix = bits === undefined ? undefined : prefixOf(cidr, bits.length);
  return bits !== undefined && prefix !== undefined && bits.startsWith(prefix);
}

/** The bits of a prefix as a string of 0 and 1; undefined when it is of the other family or none at all. */
function prefixOf(cidr: string, family: number): string | undefined {
  if (cidr === "default") return "";
  const [address = "", length] = cidr.split("/");
  const bits = ipBits(address);
  if (bits === undefined || bits.length !== family) return undefined;
  return bits.slice(0, length === undefined ? bits.length : Number(length));
}

/** 32 or 128 characters of 0 and 1; undefined when it is no address. */
export function ipBits(ip: string): string | undefined {
  if (ip.includes(":")) {
    const [head = "", tail] = ip.split("::");
    const left = head === "" ? [] : head.split(":");
    const right = tail === undefined || tail === "" ? [] : tail.split(":");
    const missing = 8 - left.length - right.length;
    if (missing < 0 || (tail === undefined && missing !== 0)) return undefined;
    const groups = [...left, ...new Array<string>(missing).fill("0"), ...right].map((group) =>
      Number.parseInt(group, 16),
    );
    if (groups.some((group) => Number.isNaN(group) || group > 0xffff)) return undefined;
    return groups.map((group) => group.toString(2).padStart(16, "0")).join("");
  }
  const octets = ip.split(".").map(Number);
  if (octets.length !== 4 || octets.some((octet) => !Number.isInteger(octet) || octet < 0 || octet > 255))
    return undefined;
  return octets.map((octet) => octet.toString(2).padStart(8, "0")).join("");
}
