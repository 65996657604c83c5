import type { Scene } from "../core/simulate.ts";

/** What `netcheck-nic state` prints about one device. Speeds in Mbit/s. */
export type FakeNic = {
  readonly device?: string;
  readonly role?: "path" | "lower" | "bond";
  readonly physical?: boolean;
  readonly speed?: number;
  readonly duplex?: "half" | "full";
  /** Modes as ethtool lists them; none = "Not reported". */
  readonly supports?: readonly string[];
  readonly carrier?: 0 | 1;
  readonly files?: Readonly<Record<string, number>>;
  readonly driver?: Readonly<Record<string, number>>;
  readonly withoutEthtool?: boolean;
};

export function nicState(nics: readonly FakeNic[]): string {
  const named = nics.map((nic) => ({
    device: "ens5",
    role: "path" as const,
    physical: true,
    carrier: 1 as const,
    ...nic,
  }));
  const devices = named.map(({ device, role, physical }) => `${device} ${role} ${physical ? "physical" : "virtual"}\n`);
  const files = named.flatMap((nic) => {
    const folder = `/sys/class/net/${nic.device}`;
    return [
      `${folder}/speed:${nic.speed ?? -1}`,
      `${folder}/duplex:${nic.duplex ?? "unknown"}`,
      `${folder}/carrier:${nic.carrier}`,
      ...Object.entries(nic.files ?? {}).map(([name, value]) =>
        name.startsWith("carrier") ? `${folder}/${name}:${value}` : `${folder}/statistics/${name}:${value}`,
      ),
    ];
  });
  const tools = named.map(
    (nic) =>
      `== ethtool ${nic.device}\n${nic.withoutEthtool ? "sh: 1: ethtool: not found\n!! 127\n" : settings(nic)}== stats ${nic.device}\n${
        nic.driver
          ? Object.entries(nic.driver)
              .map(([name, value]) => `     ${name}: ${value}\n`)
              .join("")
          : "no stats available\n!! 94\n"
      }`,
  );
  return `== devices\n${devices.join("")}== sysfs\n${files.map((line) => `${line}\n`).join("")}${tools.join("")}== end\n`;
}

function settings({ device, speed, duplex, supports = [], carrier }: FakeNic): string {
  const word = duplex === undefined ? "Unknown! (255)" : duplex === "half" ? "Half" : "Full";
  return `Settings for ${device}:
\tSupported link modes:   ${supports.length > 0 ? supports.join(" ") : "Not reported"}
\tSpeed: ${speed === undefined ? "Unknown!" : `${speed}Mb/s`}
\tDuplex: ${word}
\tAuto-negotiation: on
\tLink detected: ${carrier === 0 ? "no" : "yes"}
`;
}

/** NICs of every node, by its name; a function may change with time (seconds after the start). */
export function withNics(
  nics: Readonly<Record<string, readonly FakeNic[] | ((atS: number) => readonly FakeNic[])>>,
  startMs: number,
): NonNullable<Scene["facts"]> {
  return (at, probe, atMs) => {
    const mine = nics[at.node];
    if (probe !== "nics" || mine === undefined) return undefined;
    return nicState(typeof mine === "function" ? mine((atMs - startMs) / 1_000) : mine);
  };
}

export const GIGABIT = ["10baseT/Half 10baseT/Full", "100baseT/Half 100baseT/Full", "1000baseT/Full"];
export const fast: FakeNic = { speed: 1_000, duplex: "full", supports: GIGABIT };

/** A node with one NIC that says nothing else. */
export const ordinaryNic = nicState([fast]);
