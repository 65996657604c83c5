import type { Scene } from "../core/simulate.ts";
import { type FakeNic, nicState } from "./nic-scene.ts";

export type FakeSlave = {
  readonly name: string;
  readonly up?: boolean;
  readonly failures?: number;
  readonly aggregator?: number;
  readonly churned?: boolean;
};
export type FakeBond = {
  readonly name?: string;
  readonly mode?: string;
  readonly active?: string;
  readonly aggregator?: number;
  readonly partner?: string;
  readonly slaves: readonly FakeSlave[];
};

export const ACTIVE_BACKUP = "fault-tolerance (active-backup)";
export const LACP = "IEEE 802.3ad Dynamic link aggregation";

/** /proc/net/bonding as netcheck-netns prints it, in the words of bond_procfs.c. */
export function bondFile({
  name = "bond0",
  mode = ACTIVE_BACKUP,
  active,
  aggregator,
  partner,
  slaves,
}: FakeBond): string {
  const lines = [
    "Ethernet Channel Bonding Driver: v6.1.0",
    `Bonding Mode: ${mode}`,
    ...(active === undefined ? [] : ["Primary Slave: None", `Currently Active Slave: ${active}`]),
    "MII Status: up",
    "MII Polling Interval (ms): 100",
    ...(aggregator === undefined
      ? []
      : [
          "802.3ad info",
          "Active Aggregator Info:",
          `\tAggregator ID: ${aggregator}`,
          `\tPartner Mac Address: ${partner}`,
        ]),
    ...slaves.flatMap((slave) => [
      `Slave Interface: ${slave.name}`,
      `MII Status: ${slave.up === false ? "down" : "up"}`,
      slave.up === false ? "Speed: Unknown" : "Speed: 10000 Mbps",
      "Duplex: full",
      `Link Failure Count: ${slave.failures ?? 0}`,
      "Permanent HW addr: 90:e2:ba:11:22:30",
      ...(slave.aggregator === undefined
        ? []
        : [`Aggregator ID: ${slave.aggregator}`, `Actor Churn State: ${slave.churned ? "churned" : "none"}`]),
    ]),
  ];
  return lines.map((line) => `/proc/net/bonding/${name}:${line}\n`).join("");
}

export type Hardware = {
  readonly bonds?: (atS: number) => readonly FakeBond[];
  readonly nics?: readonly FakeNic[];
  /** `ethtool -m` by device. */
  readonly modules?: (atS: number) => Readonly<Record<string, string>>;
};

/** What one node tells about its hardware; others tell nothing. */
export function withHardware(
  node: string,
  { bonds, nics, modules }: Hardware,
  startMs: number,
): NonNullable<Scene["facts"]> {
  return (at, probe, atMs) => {
    if (at.id !== `node/${node}`) return undefined;
    const atS = (atMs - startMs) / 1_000;
    if (probe === "bonds") return bonds?.(atS).map(bondFile).join("");
    if (probe === "nics") return nics && nicState(nics);
    if (probe === "nic-hardware" && modules)
      return `${Object.entries(modules(atS))
        .map(([device, text]) => `== optics ${device}\n${text}== rings ${device}\n!! 1\n`)
        .join("")}== end\n`;
    return undefined;
  };
}

/** `ethtool -m` of an SFP; powers in dBm. */
export function sfp({ rx, tx = -2.4, flag = "Off" }: { rx: number; tx?: number; flag?: "On" | "Off" }): string {
  const power = (dbm: number) => `${(10 ** (dbm / 10)).toFixed(4)} mW / ${dbm.toFixed(2)} dBm`;
  return `\tIdentifier                                : 0x03 (SFP)
\tLaser output power                        : ${power(tx)}
\tReceiver signal average optical power     : ${power(rx)}
\tModule temperature                        : 38.12 degrees C / 100.62 degrees F
\tLaser rx power high alarm                 : Off
\tLaser rx power low alarm                  : ${flag}
\tLaser rx power low alarm threshold        : 0.0257 mW / -15.90 dBm
\tLaser rx power low warning threshold      : 0.0407 mW / -13.90 dBm
`;
}
