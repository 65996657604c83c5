import { describe, expect, test } from "vitest";
import { parseDriverStats, parseSettings, sectionsOf } from "#src/core/link-text.ts";
import { nicsEvidence } from "#src/core/nic-evidence.ts";
import type { Vantage } from "#src/core/plan.ts";
import type { Sample } from "#src/core/probe.ts";
import { nics } from "#src/probes/nics.ts";
import { transcript } from "./transcript.ts";

const vantage: Vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "from-node" };
const read = (...texts: readonly string[]) => {
  const samples = texts.map((stdout, n): Sample => ({ atMs: 1_000 + 5_000 * n, exitCode: 0, stdout }));
  const [evidence] = nics.read(samples, { subject: "node/n", vantage });
  return evidence === undefined ? undefined : nicsEvidence.schema.parse(evidence.data).nics;
};
const igb = transcript("nic-state-igb.txt");

test("a NIC tells mode, ability and what the other side offers", () => {
  expect(
    read(igb)?.map(({ device, role, links, gaps }) => ({ device, role, link: links.at(-1)?.value, gaps })),
  ).toEqual([
    {
      device: "enp4s0",
      role: "path",
      link: {
        speedMbit: 1_000,
        duplex: "full",
        autoneg: true,
        supportedMbit: 1_000,
        supportsFull: true,
        partnerMbit: 1_000,
        up: true,
        queueLength: 1_000,
      },
      gaps: [],
    },
  ]);
});

test("counters are gains; the first reading and old totals are none", () => {
  expect(read(igb)?.[0]?.gains?.gained).toEqual({});
  const later = igb.replace("rx_crc_errors: 12", "rx_crc_errors: 20").replace("carrier_changes:4", "carrier_changes:6");
  expect(read(igb, later)?.[0]?.gains?.gained).toEqual({ "driver.rx_crc_errors": 8, carrier_changes: 2 });
});

test("a reading without the driver's counters does not make them jump", () => {
  const without = igb.replace(/== stats enp4s0\n(?: .*\n)*/, "== stats enp4s0\nsh: ethtool: not found\n!! 127\n");
  expect(read(without, igb, without, igb)?.[0]?.gains?.gained).toEqual({});
  expect(read(without)?.[0]?.gaps).toEqual(["ethtool -S: the tool is missing"]);
});

test("output that is cut at any byte is understood as far as it goes, and invents nothing", () => {
  const whole = read(igb)?.[0];
  for (let length = 0; length < igb.length; length++) {
    const [nic] = read(igb.slice(0, length)) ?? [];
    if (nic === undefined) continue;
    expect(nic.links.every(({ value }) => [undefined, 1_000].includes(value.speedMbit))).toBe(true);
    expect(read(igb, igb.slice(0, length), igb)?.[0]?.gains?.gained).toEqual({});
    expect(nic.device).toBe(whole?.device);
  }
});

test("garbage is nothing", () => {
  for (const text of ["", "x", "== ", "== devices", "== devices\n\u0000 path\n== end", "!! 127\n"])
    expect(read(text) ?? []).toEqual([]);
});

describe("ethtool DEVICE, as drivers and versions print it", () => {
  // Formats of ethtool 4.x to 6.x: ethtool.c dump_link_caps, netlink/settings.c.
  test.each([
    {
      name: "virtio_net",
      text: "Settings for ens3:\n\tSupported ports: [  ]\n\tSupported link modes:   Not reported\n\tSpeed: Unknown!\n\tDuplex: Unknown! (255)\n\tAuto-negotiation: off\n\tPort: Other\n\tLink detected: yes\n",
      want: { autoneg: false, up: true },
    },
    {
      name: "ena: no modes, no speed",
      text: "Settings for ens5:\n\tLink detected: yes\n",
      want: { up: true },
    },
    {
      name: "mlx5 with 100G modes",
      text: "Settings for ens1f0np0:\n\tSupported ports: [ FIBRE ]\n\tSupported link modes:   1000baseKX/Full\n\t                        10000baseKR/Full\n\t                        25000baseCR/Full\n\t                        100000baseSR4/Full\n\tSpeed: 25000Mb/s\n\tDuplex: Full\n\tAuto-negotiation: on\n\tLink detected: yes\n",
      want: { speedMbit: 25_000, duplex: "full", autoneg: true, supportedMbit: 100_000, supportsFull: true, up: true },
    },
    {
      name: "tg3 at half duplex",
      text: "Settings for eno1:\n\tSupported link modes:   10baseT/Half 10baseT/Full \n\t                        100baseT/Half 100baseT/Full \n\t                        1000baseT/Half 1000baseT/Full \n\tLink partner advertised link modes:  10baseT/Half \n\tSpeed: 10Mb/s\n\tDuplex: Half\n\tAuto-negotiation: on\n\tLink detected: yes\n",
      want: {
        speedMbit: 10,
        duplex: "half",
        autoneg: true,
        supportedMbit: 1_000,
        supportsFull: true,
        partnerMbit: 10,
        up: true,
      },
    },
    {
      name: "ixgbe without a cable, newer wording",
      text: "Settings for eth2:\n\tSupported link modes:   10000baseT/Full\n\tSpeed: Unknown!\n\tDuplex: Unknown! (255)\n\tAuto-negotiation: off\n\tLink detected: no (No cable)\n",
      want: { autoneg: false, supportedMbit: 10_000, supportsFull: true, up: false },
    },
    { name: "an old kernel's 16-bit unknown", text: "\tSpeed: 65535Mb/s\n", want: {} },
  ])("$name", ({ text, want }) => {
    expect(parseSettings(text)).toEqual(want);
  });

  test("cut at any byte it never says another speed", () => {
    const text = igb.slice(igb.indexOf("Settings"), igb.indexOf("== stats"));
    for (let length = 0; length < text.length; length++)
      expect([undefined, 1_000]).toContain(parseSettings(text.slice(0, length)).speedMbit);
  });
});

test("driver counters keep the names of their drivers", () => {
  // Formats: igb_ethtool.c, en_stats.c of mlx5, tg3.c, ena_ethtool.c; indented, `NAME: VALUE`.
  expect(
    parseDriverStats(
      "NIC statistics:\n     rx_crc_errors: 12\n     rx_symbol_err_phy: 3\n     port.rx_crc_errors: 4\n     bw_in_allowance_exceeded: 5\n     rx_fcs_errors: x\n",
    ),
  ).toEqual({ rx_crc_errors: 12, rx_symbol_err_phy: 3, "port.rx_crc_errors": 4, bw_in_allowance_exceeded: 5 });
});

test("sections end where the next begins", () => {
  expect(sectionsOf("== a\n1\n== b\n2")).toEqual([
    { name: "a", text: "1\n", whole: true },
    { name: "b", text: "2", whole: false },
  ]);
});
