import { z } from "zod";
import { defineEvidence, type Evidence, evidenceOf } from "./evidence.ts";
import type { Sample } from "./probe.ts";
import { parseJson, versionsOf } from "./readings.ts";

const device = z.object({
  name: z.string(),
  mtu: z.number(),
  /** Carrier: whether the link is really up. */
  up: z.boolean(),
  mac: z.string().optional(),
  addresses: z.array(z.object({ ip: z.string(), prefix: z.number(), dynamic: z.boolean(), secondary: z.boolean() })),
});

/** Devices of a network namespace with their addresses, newest reading. Subject: vantage id. */
export const addressesEvidence = defineEvidence(
  "addresses",
  z.object({ devices: z.array(device), changes: z.number().int() }),
);
export type Device = z.infer<typeof device>;

const printed = z.array(
  z.object({
    ifname: z.string(),
    mtu: z.number().default(0),
    operstate: z.string().default("UNKNOWN"),
    flags: z.array(z.string()).default([]),
    address: z.string().optional(),
    addr_info: z
      .array(
        z.object({
          local: z.string().optional(),
          prefixlen: z.number().default(32),
          dynamic: z.boolean().default(false),
          secondary: z.boolean().default(false),
          scope: z.string().optional(),
        }),
      )
      .default([]),
  }),
);

/** Reads `ip -j addr`, with any details. Link-local addresses are left out: every device has one. */
export function parseAddresses(stdout: string): readonly Device[] | undefined {
  const parsed = printed.safeParse(parseJson(stdout));
  return parsed.data?.map(({ ifname, mtu, flags, address, addr_info }) => ({
    name: ifname,
    mtu,
    up: flags.includes("LOWER_UP"),
    ...(address === undefined ? {} : { mac: address }),
    addresses: addr_info.flatMap(({ local, prefixlen, dynamic, secondary, scope }) =>
      local === undefined || scope === "link" ? [] : [{ ip: local, prefix: prefixlen, dynamic, secondary }],
    ),
  }));
}

/** What the samples of a reading that prints devices with their addresses say about them. */
export function addressesIn(samples: readonly Sample[], subject: string): readonly Evidence[] {
  const versions = versionsOf(samples, parseAddresses);
  const newest = versions.at(-1);
  if (!newest) return [];
  const data = { devices: [...newest.value], changes: versions.length - 1 };
  return [evidenceOf(addressesEvidence, subject, newest.toMs, data)];
}
