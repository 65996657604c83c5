import { z } from "zod";

/** What `ethtool -i` says of a NIC: its driver, and the versions of driver and firmware. */
export const driverSchema = z.object({
  name: z.string(),
  version: z.string(),
  firmware: z.string(),
  /** Where on the bus it is, as kernel messages spell it: `0000:3b:00.0`. */
  bus: z.string().optional(),
});
export type Driver = z.infer<typeof driverSchema>;

/** The slot of a NIC, and how what it receives is spread over CPUs. */
export const slotSchema = z.object({
  /** Transfers per second of a lane, in 10^9, and lanes: now, and at most. Virtual NICs and such without a slot say none. */
  lane: z.object({ now: z.number(), most: z.number() }).optional(),
  width: z.object({ now: z.number(), most: z.number() }).optional(),
  /** Queues that receive, and those of them whose packets the kernel spreads over CPUs (RPS). */
  queues: z.number().optional(),
  spread: z.number().optional(),
  mtu: z.number().optional(),
  /** Number of the VLAN, when the device is one. */
  vlan: z.number().optional(),
});
export type Slot = z.infer<typeof slotSchema>;

/** What a switch says by LLDP of the port that a device is plugged into. */
export const switchPortSchema = z.object({
  device: z.string(),
  switch: z.string().optional(),
  port: z.string().optional(),
  /** Numbers of the VLANs that it carries, and which of them untagged frames belong to. */
  vlans: z.array(z.number()),
  untagged: z.number().optional(),
  /** Largest frame, bytes with Ethernet header and checksum. */
  mostBytes: z.number().optional(),
  /** Whether it is one of a group of links. */
  grouped: z.boolean(),
});
export type SwitchPort = z.infer<typeof switchPortSchema>;

/** Reads `ethtool -i DEVICE` (ethtool.c, dump_drvinfo): `driver: ena`, `version: 2.8.9g`, `firmware-version: `. */
export function parseDriver(text: string): Driver | undefined {
  const field = (name: string): string | undefined => new RegExp(`^${name}: *(.*?) *\\n`, "m").exec(text)?.[1];
  const name = field("driver");
  const version = field("version");
  const bus = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/.exec(field("bus-info") ?? "")?.[0];
  return name === undefined || name === "" || version === undefined
    ? undefined
    : { name, version, firmware: field("firmware-version") ?? "", ...(bus === undefined ? {} : { bus }) };
}

/**
 * Reads section `bus DEVICE` of `netcheck-nic`. Speeds as drivers/pci/probe.c writes them: `8.0 GT/s PCIe`, before 5.8
 * `8 GT/s`, and `Unknown` (earlier `Unknown speed`); widths are numbers, 0 or 255 where nobody knows.
 */
export function parseSlot(text: string): Slot {
  const number = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const pair = (now: number | undefined, most: number | undefined): Slot["lane"] =>
    now && most && now < 255 && most < 255 ? { now, most } : undefined;
  const lane = pair(
    number(/^\S*\/current_link_speed:(\d+(?:\.\d+)?) GT\/s.*\n/m),
    number(/^\S*\/max_link_speed:(\d+(?:\.\d+)?) GT\/s.*\n/m),
  );
  const width = pair(number(/^\S*\/current_link_width:(\d+)\n/m), number(/^\S*\/max_link_width:(\d+)\n/m));
  const queues = number(/^queues:(\d+)\n/m);
  const spread = number(/^spread:(\d+)\n/m);
  const mtu = number(/^mtu:(\d+)\n/m);
  const vlan = number(/^vlan:(\d+)\n/m);
  return {
    ...(lane ? { lane } : {}),
    ...(width ? { width } : {}),
    ...(queues === undefined ? {} : { queues }),
    ...(spread === undefined ? {} : { spread }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(vlan === undefined ? {} : { vlan }),
  };
}

/**
 * What a PCIe link carries one way, Mbit/s: lanes code 8 bits as 10 up to 5 GT/s, 128 as 130 up to 32 GT/s (PCI Express Base
 * Specification). Packets of the bus take some more, which is left out.
 */
export function busMbit(lane: number, width: number): number {
  return lane * width * 1_000 * (lane <= 5 ? 0.8 : 128 / 130);
}

/**
 * Reads `lldpcli -f keyvalue show neighbors` (lldpd, src/client/display.c): `lldp.eth0.port.ifname=Ethernet1/5`,
 * `lldp.eth0.port.mfs=9236`, `lldp.eth0.vlan.vlan-id=100`, `lldp.eth0.vlan.pvid=yes` behind the number it belongs to. Device
 * names may hold dots.
 */
export function parseSwitchPorts(text: string): readonly SwitchPort[] {
  const ports = new Map<string, { -readonly [K in keyof SwitchPort]: SwitchPort[K] }>();
  for (const [, device = "", key = "", value = ""] of text.matchAll(
    /^lldp\.(\S+?)\.((?:chassis|port|vlan)\.[\w-]+)=(.*)\n/gm,
  )) {
    const port = ports.get(device) ?? { device, vlans: [], grouped: false };
    ports.set(device, port);
    const number = /^\d{1,5}$/.test(value) ? Number(value) : undefined;
    if (key === "chassis.name") port.switch = value;
    else if (key === "port.ifname" || (key === "port.descr" && port.port === undefined)) port.port = value;
    else if (key === "port.mfs" && number) port.mostBytes = number;
    else if (key === "port.aggregation") port.grouped = true;
    else if (key === "vlan.vlan-id" && number !== undefined) port.vlans = [...new Set([...port.vlans, number])];
    else if (key === "vlan.pvid" && value === "yes") {
      const last = port.vlans.at(-1);
      if (last !== undefined) port.untagged = last;
    }
  }
  return [...ports.values()];
}
