import type { Vantage } from "#src/core/plan.ts";

/** What a node of a VXLAN network prints about its tunnel; `n` is the node's number in the world. */
export const macOf = (n: number): string => `ce:00:00:00:00:0${n}`;
export const nodeIp = (n: number): string => `172.20.7.${20 + n}`;
export const numberOf = (at: Vantage): number => Number(at.ip.split(".")[3]) - 20;

export type Tunnelled = {
  readonly local?: string | undefined;
  readonly external?: boolean;
  readonly addresses?: readonly { readonly ip: string; readonly dynamic?: boolean }[];
  readonly neighbours?: (n: number) => string | undefined;
  readonly entries?: (n: number) => string | undefined;
};

const others = (self: number): readonly number[] => [0, 1, 2].filter((n) => n !== self);

/** Readings of a node with the tunnel `vx.7`; undefined for what is as usual. */
export function tunnelFacts(at: Vantage, probe: string, wanted: Tunnelled = {}): string | undefined {
  if (!at.id.startsWith("node/")) return undefined;
  const self = numberOf(at);
  switch (probe) {
    case "links":
      return JSON.stringify([
        {
          ifname: "vx.7",
          address: macOf(self),
          flags: ["UP", "LOWER_UP"],
          linkinfo: {
            info_kind: "vxlan",
            info_data: {
              id: 7,
              port: 4789,
              ...("local" in wanted ? (wanted.local === undefined ? {} : { local: wanted.local }) : { local: at.ip }),
              ...(wanted.external ? { external: true } : {}),
            },
          },
        },
      ]);
    case "addresses":
      return JSON.stringify([
        {
          ifname: "ens5",
          mtu: 1500,
          flags: ["UP", "LOWER_UP"],
          addr_info: (wanted.addresses ?? [{ ip: at.ip }]).map(({ ip, dynamic = false }) => ({
            local: ip,
            prefixlen: 24,
            dynamic,
          })),
        },
      ]);
    case "neighbours":
      return JSON.stringify(
        others(self).map((n) => ({
          dst: `10.42.${n}.0`,
          dev: "vx.7",
          lladdr: wanted.neighbours?.(n) ?? macOf(n),
          state: ["PERMANENT"],
        })),
      );
    case "forwarding-entries":
      return JSON.stringify(
        others(self).map((n) => ({
          mac: macOf(n),
          ifname: "vx.7",
          dst: wanted.entries?.(n) ?? nodeIp(n),
          state: "permanent",
        })),
      );
    default:
      return undefined;
  }
}
