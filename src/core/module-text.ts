import { z } from "zod";

/** What a transceiver says about itself. Powers in dBm; -40 is what modules show for no light. */
export const moduleSchema = z.object({
  /** Received and sent power of each lane in use. */
  rxDbm: z.array(z.number()),
  txDbm: z.array(z.number()),
  celsius: z.number().optional(),
  /** Thresholds of the module itself. */
  rxLowAlarmDbm: z.number().optional(),
  rxLowWarningDbm: z.number().optional(),
  /** Flags that are on, as they are called: "laser rx power low alarm". */
  alarms: z.array(z.string()),
});
export type Module = z.infer<typeof moduleSchema>;

export const ringsSchema = z.object({ rx: z.number(), rxMost: z.number() });

/** Below this a lane sends nothing: it belongs to a port of a split cable that is not used. */
const DARK_DBM = -30;
/** What modules mean by no light at all. */
const NO_LIGHT_DBM = -40;

/**
 * Reads `ethtool -m DEVICE` of SFP (sfpdiag.c: "Receiver signal average optical power"), QSFP (qsfp.c: "Rcvr signal avg
 * optical power(Channel 1)", later with a space before the bracket) and CMIS modules (cmis.c). Undefined when the module
 * measures no light, as copper cables do.
 */
export function parseModule(text: string): Module | undefined {
  const rx: { lane: string; dbm: number }[] = [];
  const tx: { lane: string; dbm: number }[] = [];
  const alarms: string[] = [];
  let celsius: number | undefined;
  let rxLowAlarmDbm: number | undefined;
  let rxLowWarningDbm: number | undefined;
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    const [, name = "", value = ""] = /^\s*(.*?)\s*: +(.*?)\s*$/.exec(line) ?? [];
    const what = name
      .toLowerCase()
      .replace(/ *\((?:channel|lane) *\d+\)/, "")
      .replace(/\s+/g, " ");
    const lane = /\((?:channel|lane) *(\d+)\)/i.exec(name)?.[1] ?? "";
    if (what === "laser rx power low alarm threshold") rxLowAlarmDbm = dbmOf(value);
    else if (what === "laser rx power low warning threshold") rxLowWarningDbm = dbmOf(value);
    else if (what === "module temperature") celsius = Number(/^(-?[\d.]+) degrees C/.exec(value)?.[1] ?? Number.NaN);
    else if (/ (alarm|warning)$/.test(what) && value === "On")
      alarms.push(lane === "" ? what : `${what} (lane ${lane})`);
    else if (/^(receiver|rcvr) signal|^rx power$/.test(what)) push(rx, lane, value);
    else if (/^(laser output power|transmit avg optical power|laser tx power|tx power)$/.test(what))
      push(tx, lane, value);
  }
  if (rx.length === 0) return undefined;
  const dark = new Set(tx.filter(({ lane, dbm }) => lane !== "" && dbm < DARK_DBM).map(({ lane }) => lane));
  // A module whose every lane is dark is switched off or broken: then nothing is left out.
  const inUse = ({ lane }: { readonly lane: string }): boolean => dark.size === tx.length || !dark.has(lane);
  const lanes = rx.filter(inUse).map(({ lane }) => lane);
  return {
    rxDbm: rx.filter(inUse).map(({ dbm }) => dbm),
    txDbm: tx.filter(inUse).map(({ dbm }) => dbm),
    ...(celsius === undefined || Number.isNaN(celsius) ? {} : { celsius }),
    ...(rxLowAlarmDbm === undefined ? {} : { rxLowAlarmDbm }),
    ...(rxLowWarningDbm === undefined ? {} : { rxLowWarningDbm }),
    alarms: alarms.filter((alarm) => {
      const lane = /\(lane (\d+)\)$/.exec(alarm)?.[1];
      return lane === undefined || lanes.includes(lane);
    }),
  };
}

function push(into: { lane: string; dbm: number }[], lane: string, value: string): void {
  const dbm = dbmOf(value);
  if (dbm !== undefined) into.push({ lane, dbm });
}

/** `0.5826 mW / -2.35 dBm`, `0.0000 mW / -inf dBm`. */
function dbmOf(value: string): number | undefined {
  const text = /(-?[\d.]+|-inf) dBm$/.exec(value)?.[1];
  if (text === undefined) return undefined;
  return text === "-inf" ? NO_LIGHT_DBM : Math.max(NO_LIGHT_DBM, Number(text));
}

/** Reads `ethtool -g DEVICE`: the largest and the current receive ring. */
export function parseRings(text: string): { readonly rx: number; readonly rxMost: number } | undefined {
  const [most, current] = text.split("Current hardware settings:").map((part) => /^RX:\s+(\d+)\n/m.exec(part)?.[1]);
  return most === undefined || current === undefined ? undefined : { rx: Number(current), rxMost: Number(most) };
}
