import { expect, test } from "vitest";
import { parseModule, parseRings } from "#src/core/module-text.ts";
import { nicHardwareEvidence } from "#src/core/nic-evidence.ts";
import type { Vantage } from "#src/core/plan.ts";
import { nicHardware } from "#src/probes/nic-hardware.ts";
import { sfp } from "../rules/bond-scene.ts";

const vantage: Vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "from-node" };

// Formats of ethtool's sfpdiag.c, qsfp.c and sff-common.c: old ones without, newer ones with a space before the bracket.
const lane = (n: number, rx: string, tx: string, space: string): string =>
  `\tTransmit avg optical power (Channel ${n})    : ${tx}\n\tRcvr signal avg optical power${space}(Channel ${n})  : ${rx}\n`;
const qsfp = (space: string): string =>
  `\tIdentifier                                : 0x11 (QSFP28)\n\tModule temperature                        : 33.50 degrees C / 92.30 degrees F\n${lane(1, "0.7682 mW / -1.15 dBm", "0.7118 mW / -1.48 dBm", space)}${[2, 3, 4].map((n) => lane(n, "0.0000 mW / -inf dBm", "0.0000 mW / -inf dBm", space)).join("")}\tLaser rx power low alarm    (Channel 1)   : Off\n\tLaser rx power low alarm    (Channel 2)   : On\n\tLaser rx power low alarm threshold        : 0.0457 mW / -13.40 dBm\n`;

test("an SFP tells light, temperature, thresholds and flags", () => {
  expect(parseModule(sfp({ rx: -19.5, flag: "On" }))).toEqual({
    rxDbm: [-19.5],
    txDbm: [-2.4],
    celsius: 38.12,
    rxLowAlarmDbm: -15.9,
    rxLowWarningDbm: -13.9,
    alarms: ["laser rx power low alarm"],
  });
});

test.each(["", " "])(
  "lanes of a split cable that send nothing are left out, with their flags (%j before the bracket)",
  (space) => {
    expect(parseModule(qsfp(space))).toEqual({
      rxDbm: [-1.15],
      txDbm: [-1.48],
      celsius: 33.5,
      rxLowAlarmDbm: -13.4,
      alarms: [],
    });
  },
);

test("a module that measures no light, and garbage, are none", () => {
  for (const text of ["", "x", "\tIdentifier : 0x03 (SFP)\n", "netlink error: Operation not supported\n"])
    expect(parseModule(text)).toBeUndefined();
});

test("cut at any byte it never reads another power", () => {
  const text = sfp({ rx: -3.25 });
  for (let length = 0; length < text.length; length++)
    expect(parseModule(text.slice(0, length))?.rxDbm ?? [-3.25]).toEqual([-3.25]);
});

test("rings are the largest and the current one", () => {
  const text = `Ring parameters for ens5:\nPre-set maximums:\nRX:\t\t4096\nRX Mini:\tn/a\nTX:\t\t4096\nCurrent hardware settings:\nRX:\t\t512\nTX:\t\t512\n`;
  expect(parseRings(text)).toEqual({ rx: 512, rxMost: 4_096 });
  for (let length = 0; length < text.length; length++)
    expect([undefined, 512]).toContain(parseRings(text.slice(0, length))?.rx);
});

test("devices come with what could be read of them", () => {
  const stdout = `== optics ens5\n${sfp({ rx: -3 })}== rings ens5\n!! 1\n== optics ens6\nnetlink error: Operation not supported\n!! 1\n== rings ens6\n== end\n`;
  const [evidence] = nicHardware.read([{ atMs: 1, exitCode: 0, stdout }], { subject: "node/n", vantage });
  const { devices } = nicHardwareEvidence.schema.parse(evidence?.data);
  expect(devices.map(({ device, modules }) => [device, modules.length])).toEqual([
    ["ens5", 1],
    ["ens6", 0],
  ]);
});
