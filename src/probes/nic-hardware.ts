import { evidenceOf } from "../core/evidence.ts";
import { failureOf, sectionsOf } from "../core/link-text.ts";
import { parseModule, parseRings } from "../core/module-text.ts";
import { nicHardwareEvidence } from "../core/nic-evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { versionsOf } from "../core/readings.ts";
import { parseDriver, parseSlot, parseSwitchPorts } from "../core/slot-text.ts";

/**
 * Reads `netcheck-nic hardware`. Asking a transceiver takes long on some cards, and it hardly changes; nodes to compare with
 * are asked for their drivers only.
 */
export const nicHardware: ReadingProbe = {
  kind: "reading",
  name: "nic-hardware",
  scope: "node",
  pace: "seldom",
  argv: ({ ip, role }) => ["netcheck-nic", role === "control" ? "driver" : "hardware", ip],
  read(samples, { subject }) {
    const newest = samples.findLast(({ exitCode }) => exitCode === 0);
    if (!newest) return [];
    const names = new Set(
      samples.flatMap(({ stdout }) =>
        sectionsOf(stdout).flatMap(({ name, whole }) =>
          whole ? (/^(?:optics|driver) (.+)$/.exec(name)?.[1] ?? []) : [],
        ),
      ),
    );
    const devices = [...names].map((device) => {
      const section = (stdout: string, what: string): string | undefined => {
        const found = sectionsOf(stdout).find(({ name, whole }) => name === `${what} ${device}` && whole);
        return found && failureOf(found.text) === undefined ? found.text : undefined;
      };
      const modules = versionsOf(samples, (stdout) => {
        const text = section(stdout, "optics");
        return text === undefined ? undefined : parseModule(text);
      });
      const rings = parseRings(section(newest.stdout, "rings") ?? "");
      const driver = parseDriver(section(newest.stdout, "driver") ?? "");
      const bus = section(newest.stdout, "bus");
      return {
        device,
        modules: [...modules],
        ...(rings ? { rings } : {}),
        ...(driver ? { driver } : {}),
        ...(bus === undefined ? {} : { slot: parseSlot(bus) }),
      };
    });
    const lldp = sectionsOf(newest.stdout).find(({ name, whole }) => name === "lldp" && whole)?.text ?? "";
    const switchPorts = failureOf(lldp) === undefined ? [...parseSwitchPorts(lldp)] : [];
    return [evidenceOf(nicHardwareEvidence, subject, newest.atMs, { devices, switchPorts })];
  },
};
