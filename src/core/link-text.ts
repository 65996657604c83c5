import { z } from "zod";

/** How a link runs and what it could do. Absent = not told, or "unknown" (virtual NICs, links that are down). */
export const linkSchema = z.object({
  speedMbit: z.number().optional(),
  duplex: z.enum(["half", "full"]).optional(),
  autoneg: z.boolean().optional(),
  /** The fastest mode that the NIC supports, and the fastest that the other side offers. */
  supportedMbit: z.number().optional(),
  partnerMbit: z.number().optional(),
  /** Whether a full-duplex mode is among the supported ones. */
  supportsFull: z.boolean().optional(),
  up: z.boolean().optional(),
  /** Packets that may wait in the device's queue (txqueuelen). */
  queueLength: z.number().optional(),
});
export type Link = z.infer<typeof linkSchema>;

/** One section of a helper's output: its lines, and whether its end was seen. */
export type Section = { readonly name: string; readonly text: string; readonly whole: boolean };

/** Cuts output at lines `== NAME`. What follows the last of them may be cut off. */
export function sectionsOf(stdout: string): readonly Section[] {
  const parts = `\n${stdout}`.split("\n== ").slice(1);
  return parts.map((part, index) => {
    const lineEnd = part.indexOf("\n");
    const name = lineEnd === -1 ? part : part.slice(0, lineEnd);
    const whole = index < parts.length - 1;
    // The end of its last line was taken for the next heading.
    const text = lineEnd === -1 ? "" : `${part.slice(lineEnd + 1)}${whole ? "\n" : ""}`;
    return { name: name.trim(), text, whole };
  });
}

/** Why a tool said nothing useful: its last words; undefined when it did well. */
export function failureOf(text: string): string | undefined {
  const code = /^!! (\d+)$/m.exec(text)?.[1];
  if (code === undefined) return undefined;
  const words = text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("!! "))
    .at(-1)
    ?.trim();
  if (code === "127") return "the tool is missing";
  if (code === "124") return "it took too long";
  return words?.slice(0, 120) ?? `it ended with ${code}`;
}

/**
 * Reads `ethtool DEVICE` as ethtool 4.x to 6.x print it (netlink/settings.c and ethtool.c of ethtool): modes may run over
 * several lines, an unknown speed is `Unknown!`, an unknown duplex `Unknown! (255)`, newer versions add a reason behind
 * `Link detected: no`.
 */
export function parseSettings(text: string): Link {
  const fields = new Map<string, string>();
  let field = "";
  for (const line of text.split("\n")) {
    const [, name, value = ""] = /^\t([A-Z][^:\t]*): *(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      field = name;
      fields.set(name, value);
    } else if (/^\t\s+\S/.test(line) && field !== "") fields.set(field, `${fields.get(field) ?? ""} ${line.trim()}`);
  }
  const speed = /^(\d+)Mb\/s$/.exec(fields.get("Speed") ?? "")?.[1];
  const duplex = /^(Half|Full)$/.exec(fields.get("Duplex") ?? "")?.[1];
  const autoneg = /^(on|off)/.exec(fields.get("Auto-negotiation") ?? "")?.[1];
  const detected = /^(yes|no)\b/.exec(fields.get("Link detected") ?? "")?.[1];
  const supported = fields.get("Supported link modes") ?? "";
  const fastest = fastestMode(supported);
  const partner = fastestMode(fields.get("Link partner advertised link modes") ?? "");
  return {
    ...known(speed === undefined ? undefined : Number(speed)),
    ...(duplex === undefined ? {} : { duplex: duplex === "Half" ? "half" : "full" }),
    ...(autoneg === undefined ? {} : { autoneg: autoneg === "on" }),
    ...(fastest === undefined ? {} : { supportedMbit: fastest, supportsFull: /\/Full\b/.test(supported) }),
    ...(partner === undefined ? {} : { partnerMbit: partner }),
    ...(detected === undefined ? {} : { up: detected === "yes" }),
  };
}

/** What the files of a device say: speed, duplex, carrier, tx_queue_len. A speed of -1 is unknown. */
export function parseSysfsLink(files: ReadonlyMap<string, string>): Link {
  const duplex = files.get("duplex");
  const carrier = files.get("carrier");
  const queue = Number(files.get("tx_queue_len"));
  return {
    ...known(Number(files.get("speed"))),
    ...(duplex === "half" || duplex === "full" ? { duplex } : {}),
    ...(carrier === "0" || carrier === "1" ? { up: carrier === "1" } : {}),
    ...(Number.isInteger(queue) && files.has("tx_queue_len") ? { queueLength: queue } : {}),
  };
}

/** Drivers that know no speed say 0, -1 or 65535, which is -1 in 16 bits. */
function known(speedMbit: number | undefined): { readonly speedMbit?: number } {
  return speedMbit !== undefined && speedMbit > 0 && speedMbit !== 65_535 && Number.isFinite(speedMbit)
    ? { speedMbit }
    : {};
}

function fastestMode(modes: string): number | undefined {
  const speeds = [...modes.matchAll(/(\d+)base/g)].map(([, speed]) => Number(speed));
  return speeds.length > 0 ? Math.max(...speeds) : undefined;
}

/** Reads `ethtool -S DEVICE`: `     rx_crc_errors: 0`, `     [0]: rx_bytes: 1`, with the name as the driver spells it. */
export function parseDriverStats(text: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [, name = "", value] of text.matchAll(/^ +([^\s:][^:\n]*): (\d+)$/gm)) values[name.trim()] = Number(value);
  return values;
}

/** `10 Mb/s`, `2.5 Gb/s`, `25 Gb/s`. */
export function speedText(mbit: number): string {
  return mbit >= 1_000 ? `${Number((mbit / 1_000).toFixed(1))} Gb/s` : `${mbit} Mb/s`;
}
