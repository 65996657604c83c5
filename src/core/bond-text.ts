import { z } from "zod";

const slave = z.object({
  name: z.string(),
  /** What the bond's own link monitor says; absent when it says nothing. */
  up: z.boolean().optional(),
  speedMbit: z.number().optional(),
  duplex: z.enum(["half", "full"]).optional(),
  /** Failures since the bond was made. */
  failures: z.number().optional(),
  /** LACP: the group of links that this one belongs to. */
  aggregator: z.number().optional(),
  /** LACP: this side or the other one does not settle ("churned"). */
  churned: z.boolean(),
});

/** A bond as the kernel shows it in /proc/net/bonding/NAME. */
export const bondSchema = z.object({
  name: z.string(),
  /** As `ip link` and the module's options spell it: active-backup, 802.3ad, balance-rr … */
  mode: z.string(),
  up: z.boolean().optional(),
  active: z.string().optional(),
  /** LACP: group of links in use, and the switch's address in it (all zero = nobody answers). */
  aggregator: z.number().optional(),
  partner: z.string().optional(),
  slaves: z.array(slave),
});
export type Bond = z.infer<typeof bondSchema>;
type Slave = z.infer<typeof slave>;

/** The words that bond_procfs.c prints for each mode, by what they end in or are. */
const MODES: readonly (readonly [RegExp, string])[] = [
  [/active-backup/, "active-backup"],
  [/802\.3ad/, "802.3ad"],
  [/round-robin/, "balance-rr"],
  [/transmit load balancing|balance-tlb/, "balance-tlb"],
  [/adaptive load balancing|balance-alb/, "balance-alb"],
  [/xor/, "balance-xor"],
  [/broadcast/, "broadcast"],
];

/**
 * Reads `grep -rH . /proc/net/bonding`: lines `/proc/net/bonding/NAME:TEXT` with the text of the kernel's
 * drivers/net/bonding/bond_procfs.c. A last line without its end is left out.
 */
export function parseBonds(stdout: string): readonly Bond[] {
  const bonds = new Map<string, { name: string; lines: string[] }>();
  const whole = stdout.slice(0, stdout.lastIndexOf("\n") + 1);
  for (const [, name = "", line = ""] of whole.matchAll(/^[^:\n]*\/bonding\/([^:/\n]+):(.*)$/gm)) {
    const bond = bonds.get(name) ?? { name, lines: [] };
    bond.lines.push(line);
    bonds.set(name, bond);
  }
  return [...bonds.values()].flatMap(({ name, lines }) => {
    const first = lines.findIndex((line) => line.startsWith("Slave Interface:"));
    const head = fieldsOf(first === -1 ? lines : lines.slice(0, first));
    const said = head.get("Bonding Mode");
    if (said === undefined) return [];
    const aggregator = numberOf(head.get("Aggregator ID"));
    const [active, partner] = [head.get("Currently Active Slave"), head.get("Partner Mac Address")];
    return [
      {
        name,
        mode: MODES.find(([words]) => words.test(said))?.[1] ?? said,
        ...upOf(head),
        ...(active === undefined || active === "None" ? {} : { active }),
        ...(aggregator === undefined ? {} : { aggregator }),
        ...(partner === undefined ? {} : { partner }),
        slaves: slavesOf(first === -1 ? [] : lines.slice(first)),
      },
    ];
  });
}

function slavesOf(lines: readonly string[]): Slave[] {
  const begins = lines.flatMap((line, index) => (line.startsWith("Slave Interface:") ? [index] : []));
  return begins.map((begin, n) => {
    const fields = fieldsOf(lines.slice(begin, begins[n + 1]));
    const speedMbit = numberOf(fields.get("Speed")?.replace(/ Mbps$/, ""));
    const failures = numberOf(fields.get("Link Failure Count"));
    const aggregator = numberOf(fields.get("Aggregator ID"));
    const duplex = fields.get("Duplex");
    return {
      name: fields.get("Slave Interface") ?? "",
      ...upOf(fields),
      ...(speedMbit === undefined ? {} : { speedMbit }),
      ...(duplex === "half" || duplex === "full" ? { duplex } : {}),
      ...(failures === undefined ? {} : { failures }),
      ...(aggregator === undefined ? {} : { aggregator }),
      churned: [fields.get("Actor Churn State"), fields.get("Partner Churn State")].includes("churned"),
    };
  });
}

/** `Name: value`, indented or not; the first of a name counts. */
function fieldsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^\s*([^:]+): *(.*?)\s*$/.exec(line) ?? [];
    if (name !== "" && !fields.has(name)) fields.set(name, value);
  }
  return fields;
}

/** "going down" and "going back" are the delays that an administrator set; the link itself is down and up. */
function upOf(fields: ReadonlyMap<string, string>): { readonly up?: boolean } {
  const status = fields.get("MII Status");
  if (status === "up" || status === "going back") return { up: true };
  return status === "down" || status === "going down" ? { up: false } : {};
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
