/** What a tunnel puts around each packet, in bytes over IPv4, by the kind of device that the kernel names. */
const OVERHEAD: Readonly<Record<string, number>> = {
  vxlan: 50,
  geneve: 50,
  ipip: 20,
  gre: 24,
  gretap: 38,
  wireguard: 60,
};

/** How many bytes a device of this kind adds; undefined for devices that are no tunnel. */
export function tunnelOverhead(kind: string | undefined): number | undefined {
  return kind === undefined ? undefined : OVERHEAD[kind];
}
