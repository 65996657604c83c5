import { evidenceOf } from "../core/evidence.ts";
import { gainsOf } from "../core/gains.ts";
import {
  failureOf,
  type Link,
  parseDriverStats,
  parseSettings,
  parseSysfsLink,
  type Section,
  sectionsOf,
} from "../core/link-text.ts";
import { type Nic, nicsEvidence } from "../core/nic-evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";

/** Reads `netcheck-nic state`. Only sections whose end was seen count. */
export const nics: ReadingProbe = {
  kind: "reading",
  name: "nics",
  scope: "node",
  pace: "often",
  argv: ({ ip }) => ["netcheck-nic", "state", ip],
  read(samples, { subject }) {
    const good = samples.filter(({ exitCode }) => exitCode === 0);
    const newest = good.findLast(({ stdout }) => section(sectionsOf(stdout), "devices")?.whole);
    if (!newest) return [];
    const listed = devicesOf(section(sectionsOf(newest.stdout), "devices")?.text ?? "");
    const found = listed.map(({ device, role, physical }): Nic => {
      const links = versionsOf(good, (stdout) => linkOf(sectionsOf(stdout), device));
      const withStats = good.some(({ stdout }) => statsOf(sectionsOf(stdout), device) !== undefined);
      const gains = gainsOf(good, (stdout) => countersOf(sectionsOf(stdout), device, withStats));
      return {
        device,
        role,
        physical,
        links: [...links],
        ...(gains ? { gains } : {}),
        gaps: gapsOf(sectionsOf(newest.stdout), device),
      };
    });
    return [evidenceOf(nicsEvidence, subject, newest.atMs, { nics: found })];
  },
};

type Listed = Pick<Nic, "device" | "role" | "physical">;

function devicesOf(text: string): readonly Listed[] {
  return [...text.matchAll(/^(\S+) (path|lower|bond) (physical|virtual)$/gm)].map(([, device = "", role, kind]) => ({
    device,
    role: role as Listed["role"],
    physical: kind === "physical",
  }));
}

function section(sections: readonly Section[], name: string): Section | undefined {
  return sections.find((one) => one.name === name && one.whole);
}

/** What ethtool says, and what the kernel's files add to it or say in its place. */
function linkOf(sections: readonly Section[], device: string): Link | undefined {
  const files = section(sections, "sysfs");
  const said = section(sections, `ethtool ${device}`);
  if (!files && !said) return undefined;
  const settings = said && failureOf(said.text) === undefined ? parseSettings(said.text) : {};
  return { ...(files ? parseSysfsLink(filesOf(files.text, device)) : {}), ...settings };
}

/** The files of one device by their path below its folder. */
function filesOf(text: string, device: string): ReadonlyMap<string, string> {
  const begin = `/sys/class/net/${device}/`;
  return new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const colon = line.indexOf(":", begin.length);
      return line.startsWith(begin) && colon > 0 ? [[line.slice(begin.length, colon), line.slice(colon + 1)]] : [];
    }),
  );
}

function statsOf(sections: readonly Section[], device: string): Readonly<Record<string, number>> | undefined {
  const said = section(sections, `stats ${device}`);
  return said && failureOf(said.text) === undefined ? parseDriverStats(said.text) : undefined;
}

/** All counters of a device; undefined when some of them are missing this time, so that none seems to jump. */
function countersOf(
  sections: readonly Section[],
  device: string,
  withStats: boolean,
): Readonly<Record<string, number>> | undefined {
  const files = section(sections, "sysfs");
  const stats = statsOf(sections, device);
  if (!files || (withStats && stats === undefined)) return undefined;
  const values: Record<string, number> = {};
  for (const [path, text] of filesOf(files.text, device)) {
    const name = path === "carrier_changes" ? path : /^statistics\/(\w+)$/.exec(path)?.[1];
    if (name !== undefined && /^\d+$/.test(text)) values[name] = Number(text);
  }
  for (const [name, value] of Object.entries(stats ?? {})) values[`driver.${name}`] = value;
  return Object.keys(values).length > 0 ? values : undefined;
}

function gapsOf(sections: readonly Section[], device: string): string[] {
  return (["ethtool", "stats"] as const).flatMap((tool) => {
    const said = section(sections, `${tool} ${device}`);
    const why = said ? failureOf(said.text) : "its output was cut";
    // Virtual devices have no counters of a driver; that is no gap.
    return why === undefined || /no stats/.test(why) ? [] : [`${tool === "stats" ? "ethtool -S" : tool}: ${why}`];
  });
}
