import { z } from "zod";
import { defineEvidence } from "./evidence.ts";

/**
 * What name servers answered. Declared here and not in the probe, because measurements and coverage (core) count it too;
 * `probes/dns.ts` produces it.
 */

/** An answer that took longer than this is slow, whatever came in it; people feel it, and no network within a site takes so long. */
export const SLOW_MS = 250;
/** How long a query is waited for; what comes then is late. A C library gives up after 5 s. */
export const QUERY_MS = 2_000;

const asked = z.object({
  /** Address of the server. */
  server: z.string(),
  transport: z.enum(["udp", "tcp"]),
  /** "cluster" = a name that every cluster has, "target" = that of the asked Service or host, "outside" = the root. */
  kind: z.enum(["cluster", "target", "outside"]),
  type: z.enum(["A", "AAAA", "NS"]),
  /** Queries whose end is known. */
  sent: z.number().int(),
  /** Those that were never answered. */
  lost: z.number().int(),
  /** Those answered after the deadline: slow, not lost. */
  late: z.number().int(),
  /** Those answered in more than `SLOW_MS`, the late ones among them. */
  slow: z.number().int(),
  longestLostRun: z.number().int(),
  /** How queries ended, by the probe's words: ok, empty, nxdomain, servfail, timeout, refused … */
  outcomes: z.record(z.string(), z.number().int()),
  /** Of answered queries, failures included; absent when none was. */
  ms: z.object({ min: z.number(), p50: z.number(), p99: z.number(), max: z.number() }).optional(),
  /** First addresses of answers and how often each came; at most 8 different ones. */
  answers: z.record(z.string(), z.number().int()),
});
export type Asked = z.infer<typeof asked>;

/** Queries to name servers from one vantage point, and that pod's own resolver settings. Subject: vantage id. */
export const dnsEvidence = defineEvidence(
  "dns",
  z.object({
    /** The newest /etc/resolv.conf; absent when it could not be read. */
    resolv: z
      .object({ nameservers: z.array(z.string()), search: z.array(z.string()), options: z.array(z.string()) })
      .optional(),
    /** At a name server's own pod: to whom it passes other names on. */
    forwards: z.array(z.string()),
    asked: z.array(asked),
    /** Pairs of A and AAAA from one socket, by server: how many, how many lost exactly one half, and how many both. */
    pairs: z.array(
      z.object({ server: z.string(), sent: z.number().int(), half: z.number().int(), both: z.number().int() }),
    ),
  }),
);
export type DnsData = z.infer<typeof dnsEvidence.schema>;
