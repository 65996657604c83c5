import type { Bond } from "./bond-text.ts";
import type { EvidenceSet } from "./evidence.ts";
import type { Module } from "./module-text.ts";
import { bondsEvidence, nicHardwareEvidence, nicsEvidence } from "./nic-evidence.ts";
import { listed, type Sentence, say } from "./sentence.ts";

/** One bond of a node over the check. */
export type BondHistory = {
  readonly bond: Bond;
  readonly first: Bond;
  /** Every state it had, in the order of time. */
  readonly states: readonly { readonly fromMs: number; readonly bond: Bond }[];
  /** The node's address lies on it or on one of its slaves; false = it cannot be told. */
  readonly tied: boolean;
};

/**
 * Bonds that may carry the node's traffic. One is beside the path when the address lies on a NIC of its own; on a virtual
 * device whose way down is not visible (a bridge of the hypervisor, a container) any bond may be below.
 */
export function bondsOnPath(node: string, evidence: EvidenceSet): readonly BondHistory[] {
  const id = `node/${node}`;
  const versions = evidence.get(bondsEvidence, id)?.versions ?? [];
  const nics = evidence.get(nicsEvidence, id)?.nics ?? [];
  const carrying = nics.filter(({ role }) => role !== "bond");
  return (versions.at(-1)?.value ?? []).flatMap((bond): BondHistory[] => {
    const members = new Set([bond.name, ...bond.slaves.map(({ name }) => name)]);
    const tied = carrying.some(({ device }) => members.has(device));
    if (!tied && carrying.some(({ physical }) => physical)) return [];
    const states = versions.flatMap(({ fromMs, value }) =>
      value.flatMap((one) => (one.name === bond.name ? [{ fromMs, bond: one }] : [])),
    );
    return [{ bond, first: states[0]?.bond ?? bond, states, tied }];
  });
}

/** Failures that each slave had during the check. */
export function failuresGained({ bond, first }: BondHistory): ReadonlyMap<string, number> {
  return new Map(
    bond.slaves.flatMap(({ name, failures = 0 }) => {
      const before = first.slaves.find((slave) => slave.name === name)?.failures;
      return before !== undefined && failures > before ? [[name, failures - before] as const] : [];
    }),
  );
}

/** Slaves that carry nothing: down, or not the active one of an active-backup bond. What they are like harms nobody. */
export function idleSlaves(node: string, evidence: EvidenceSet): ReadonlySet<string> {
  return new Set(
    bondsOnPath(node, evidence).flatMap(({ bond: { active, slaves } }) =>
      slaves.flatMap(({ name, up }) => (up === false || (active !== undefined && name !== active) ? [name] : [])),
    ),
  );
}

/** The slave to fail over to: not the active one, and up. */
export function standby({ mode, active, slaves }: Bond): string | undefined {
  if (mode !== "active-backup" || active === undefined) return undefined;
  return slaves.find(({ name, up }) => name !== active && up === true)?.name;
}

/** Mode, active slave, state and failure counts of a bond. */
export function bondText(node: string, history: BondHistory): Sentence {
  const { bond } = history;
  const moved = failuresGained(history);
  const slaves = listed(
    bond.slaves.map(({ name, up, failures }) => {
      const values = { name, state: up === false ? say("down") : up === true ? say("up") : say("state unknown") };
      return failures === undefined
        ? say("{name} {state}", values)
        : say("{name} {state} (link failures: {count} in all, {gained} during the check)", {
            ...values,
            count: failures,
            gained: moved.get(name) ?? 0,
          });
    }),
    9,
  );
  return bond.active === undefined
    ? say("{bond} of {node} is a bond in mode {mode}: {slaves}", { bond: bond.name, node, mode: bond.mode, slaves })
    : say("{bond} of {node} is a bond in mode {mode}, active slave {active}: {slaves}", {
        bond: bond.name,
        node,
        mode: bond.mode,
        active: bond.active,
        slaves,
      });
}

/** What the transceiver of a device measured last; undefined when it has none that measures. */
export function moduleOf(node: string, device: string, evidence: EvidenceSet): Module | undefined {
  const devices = evidence.get(nicHardwareEvidence, `node/${node}`)?.devices ?? [];
  return devices.find((one) => one.device === device)?.modules.at(-1)?.value;
}

/** Whether a module tells of too little light: a flag of its own, or less than its own threshold. */
export function isDim({ rxDbm, alarms, rxLowAlarmDbm, rxLowWarningDbm }: Module): "alarm" | "warning" | undefined {
  const least = Math.min(...rxDbm);
  if (alarms.some((flag) => /^laser rx power low alarm/.test(flag))) return "alarm";
  if (rxLowAlarmDbm !== undefined && least < rxLowAlarmDbm) return "alarm";
  if (alarms.some((flag) => /^laser rx power low warning/.test(flag))) return "warning";
  return rxLowWarningDbm !== undefined && least < rxLowWarningDbm ? "warning" : undefined;
}

/** `received -2.4 dBm (alarm below -13.9 dBm), sent -2.1 dBm`. */
export function powerText({ rxDbm, txDbm, rxLowAlarmDbm }: Module): Sentence {
  const dbm = (values: readonly number[]): string => `${values.map((value) => value.toFixed(1)).join(" / ")} dBm`;
  const received = dbm(rxDbm);
  const sent = txDbm.length > 0 ? dbm(txDbm) : say("not measured");
  return rxLowAlarmDbm === undefined
    ? say("received {received}, sent {sent}", { received, sent })
    : say("received {received} (alarm below {alarm}), sent {sent}", { received, sent, alarm: dbm([rxLowAlarmDbm]) });
}
