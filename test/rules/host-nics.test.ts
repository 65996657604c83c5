import { describe, expect, test } from "vitest";
import type { Rule } from "#src/core/rule.ts";
import { cloudAllowanceExceeded } from "#src/rules/cloud-allowance-exceeded.ts";
import { driverSkew } from "#src/rules/driver-skew.ts";
import { nicReset } from "#src/rules/nic-reset.ts";
import { pauseStorm } from "#src/rules/pause-storm.ts";
import { pcieDegraded } from "#src/rules/pcie-degraded.ts";
import { switchPortMisconfigured } from "#src/rules/switch-port-misconfigured.ts";
import { cluster, delays, loses, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { hosts } from "./host-scene.ts";
import { type FakeNic, fast, withNics } from "./nic-scene.ts";

const lossy = { faults: [loses(0.1, through("graz"))] };
const late = { faults: [delays([80, 120], through("graz"))] };
/** Bad for some seconds in the middle. */
const middle = {
  faults: [
    loses(0.5, (packet) => {
      const s = (packet.atMs - startOf) / 1_000;
      return through("graz")(packet) && s >= 6 && s < 9;
    }),
  ],
};
type Facts = NonNullable<Scene["facts"]>;
const both =
  (...all: readonly Facts[]): Facts =>
  (...asked) =>
    all.map((facts) => facts(...asked)).find((text) => text !== undefined);
type Counters = (atS: number) => { files?: Record<string, number>; driver?: Record<string, number> };
const counting = (of: Counters, node = "graz"): Facts =>
  withNics(
    { ulm: [fast], graz: [fast], bern: [fast], [node]: (s: number) => [{ ...fast, files: {}, ...of(s) }] },
    startOf,
  );
const check = (rule: Rule, rows: readonly { name: string; scene: Scene; want: string }[]): void => {
  test.each(rows)("says $want when $name", ({ scene, want }) => {
    expect(ask(rule, scene).brief).toBe(want);
  });
};

describe("nic-reset", () => {
  const says = (text: string, atS = 10, more: readonly FakeNic[] = [fast]): Facts =>
    both(hosts({ graz: { log: [[atS, text]] } }), withNics({ graz: more }, startOf));
  const old = "NETDEV WATCHDOG: ens5 (ixgbe): transmit queue 5 timed out";
  check(nicReset, [
    { name: "the queue of the path's NIC hung", scene: { facts: says(old), ...middle }, want: "graz certain" },
    {
      name: "a newer kernel says so",
      scene: {
        facts: says("ixgbe 0000:01:00.0 ens5: NETDEV WATCHDOG: CPU: 3: transmit queue 5 timed out 5016 ms"),
        ...middle,
      },
      want: "graz certain",
    },
    {
      name: "the line names no device",
      scene: { facts: says("ena 0000:00:05.0: Keep alive watchdog timeout."), ...middle },
      want: "graz likely",
    },
    { name: "no line", scene: { facts: hosts({}), ...middle }, want: "cleared" },
    // What can fool it.
    { name: "another NIC hung", scene: { facts: says(old.replace("ens5", "ens9")), ...middle }, want: "cleared" },
    { name: "nothing suffers", scene: { facts: says(old) }, want: "cleared" },
    { name: "it is old", scene: { facts: says(old, -200), ...middle }, want: "cleared" },
    {
      name: "it is another machine's",
      scene: { facts: hosts({ graz: { log: [[10, old]] }, bern: { log: [[10, old]] } }), ...middle },
      want: "cleared",
    },
    { name: "nobody could read it", scene: middle, want: "unknown" },
  ]);
});

describe("pause-storm", () => {
  const storm = (inside: number, outside: number, name = "rx_pause_ctrl_phy"): Facts =>
    counting((s) => ({
      driver: { [name]: 900 + outside * s + inside * Math.min(5, Math.max(0, s - 5)) },
      files: { rx_bytes: 1_000_000 * s, tx_bytes: 1_000_000 * s },
    }));
  check(pauseStorm, [
    {
      name: "pauses come with the losses (mlx5)",
      scene: { facts: storm(9_000, 2), ...middle, seconds: 30 },
      want: "graz likely",
    },
    {
      name: "pauses of one priority (i40e)",
      scene: { facts: storm(9_000, 2, "port.rx_priority_3_xoff"), ...middle, seconds: 30 },
      want: "graz likely",
    },
    { name: "all of the time is bad", scene: { facts: storm(9_000, 9_000), ...lossy }, want: "graz possible" },
    {
      name: "the NIC sounds an alarm",
      scene: {
        facts: counting((s) => ({ driver: { rx_pause_ctrl_phy: 900 * s, rx_pause_storm_error_events: s } })),
        ...lossy,
      },
      want: "graz likely",
    },
    { name: "there are none", scene: { facts: counting(() => ({})), ...lossy }, want: "cleared" },
    // What can fool it.
    {
      name: "the fabric pauses all the time",
      scene: { facts: storm(0, 9_000), ...middle, seconds: 30 },
      want: "cleared",
    },
    { name: "nothing suffers", scene: { facts: storm(9_000, 2) }, want: "cleared" },
    { name: "there are few", scene: { facts: storm(50, 0), ...middle, seconds: 30 }, want: "cleared" },
    {
      name: "a counter of time grows",
      scene: { facts: storm(90_000, 2, "rx_prio3_pause_duration"), ...middle, seconds: 30 },
      want: "cleared",
    },
    { name: "the total is old", scene: { facts: storm(0, 0), ...lossy }, want: "cleared" },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ]);
});

describe("cloud-allowance-exceeded", () => {
  const ena = (perSecond: number, name = "bw_out_allowance_exceeded", before = 70_000): Facts =>
    counting((s) => ({ driver: { [name]: before + perSecond * s } }));
  check(cloudAllowanceExceeded, [
    { name: "bandwidth is used up", scene: { facts: ena(40), ...lossy }, want: "graz certain" },
    { name: "packets are queued", scene: { facts: ena(90, "pps_allowance_exceeded"), ...late }, want: "graz certain" },
    { name: "none is", scene: { facts: ena(0), ...lossy }, want: "cleared" },
    // What can fool it.
    { name: "it is one burst", scene: { facts: ena(4), ...lossy }, want: "cleared" },
    {
      name: "packets per second come in larger bursts",
      scene: { facts: ena(12, "pps_allowance_exceeded"), ...lossy },
      want: "cleared",
    },
    { name: "nothing suffers", scene: { facts: ena(40) }, want: "cleared" },
    {
      name: "it is at another time",
      scene: {
        facts: counting((s) => ({ driver: { bw_in_allowance_exceeded: s > 22 ? 9_000 : 1 } })),
        ...middle,
        seconds: 30,
      },
      want: "cleared",
    },
    {
      name: "a node beside the path",
      scene: { facts: counting((s) => ({ driver: { bw_in_allowance_exceeded: 90 * s } }), "bern"), ...lossy },
      want: "cleared",
    },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ]);

  test("it names the allowance and the counter", () => {
    const { verdict } = ask(cloudAllowanceExceeded, { facts: ena(40), ...lossy });
    expect(because(verdict)).toMatch(
      /graz exceeded its allowance of bandwidth outwards: \d+ packets.*\(bw_out_allowance_exceeded\)/,
    );
  });
});

/** What `netcheck-nic hardware` prints: `ethtool -i`, files of the slot, and what a switch says. */
const hardware =
  (
    of: Readonly<
      Record<string, { driver?: readonly [string, string, string]; bus?: readonly string[]; lldp?: readonly string[] }>
    >,
  ): Facts =>
  (at, probe) => {
    if (probe !== "nic-hardware") return undefined;
    const { driver = ["ixgbe", "6.1.0", "0x800003e7"], bus = [], lldp } = of[at.node] ?? {};
    const [name, version, firmware] = driver;
    return [
      "== driver ens5",
      `driver: ${name}\nversion: ${version}\nfirmware-version: ${firmware}\nbus-info: 0000:3b:00.0`,
      "== bus ens5",
      ...bus,
      "queues:8\nspread:0\nmtu:1500",
      ...(lldp ? ["== lldp", ...lldp] : []),
      "== end\n",
    ].join("\n");
  };

describe("pcie-degraded", () => {
  const folder = "/sys/class/net/ens5/device";
  const slot = (speed: string, width: number, most = "8.0 GT/s PCIe", widest = 8): Facts =>
    hardware({
      graz: {
        bus: [
          `${folder}/current_link_speed:${speed}`,
          `${folder}/max_link_speed:${most}`,
          `${folder}/current_link_width:${width}`,
          `${folder}/max_link_width:${widest}`,
        ],
      },
    });
  const carrying = (mbit: number): Facts =>
    withNics({ graz: (s) => [{ ...fast, speed: 10_000, files: { rx_bytes: 125_000 * mbit * s } }] }, startOf);
  const error = "pcieport 0000:00:1c.0: AER: Uncorrected (Non-Fatal) error received: 0000:3b:00.0";
  const log = (text: string): Facts => hosts({ graz: { log: [[8, text]] } });
  check(pcieDegraded, [
    {
      name: "one lane of eight is left, and full",
      scene: { facts: both(slot("5.0 GT/s", 1), carrying(3_400)), ...lossy },
      want: "graz certain",
    },
    {
      name: "it is narrow and has room",
      scene: { facts: both(slot("2.5 GT/s", 1), carrying(20)), ...lossy },
      want: "graz possible",
    },
    {
      name: "it reports errors",
      scene: { facts: both(slot("8.0 GT/s PCIe", 8), carrying(20), log(error)), ...middle },
      want: "graz likely",
    },
    {
      name: "all lanes run",
      scene: { facts: both(slot("8.0 GT/s PCIe", 8), carrying(20)), ...lossy },
      want: "cleared",
    },
    // What can fool it.
    {
      name: "the slot saves power and carries enough",
      scene: { facts: both(slot("2.5 GT/s PCIe", 8), carrying(20)), ...lossy },
      want: "cleared",
    },
    {
      name: "errors were repaired",
      scene: {
        facts: both(slot("8.0 GT/s PCIe", 8), carrying(20), log(error.replace("Uncorrected (Non-Fatal)", "Corrected"))),
        ...middle,
      },
      want: "cleared",
    },
    {
      name: "another device has errors",
      scene: { facts: both(slot("8.0 GT/s PCIe", 8), carrying(20), log(error.replace("3b:00", "5e:00"))), ...middle },
      want: "cleared",
    },
    { name: "nothing suffers", scene: { facts: both(slot("5.0 GT/s", 1), carrying(3_400)) }, want: "cleared" },
    {
      name: "a virtual machine tells no slot",
      scene: { facts: both(slot("Unknown", 255), carrying(20)), ...lossy },
      want: "unknown",
    },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ]);
});

describe("driver-skew", () => {
  const pool = (graz: readonly [string, string, string], more = {}): Facts =>
    hardware({ graz: { driver: graz }, ...more });
  const world = { world: cluster(4) };
  const other = ["ixgbe", "5.15.0", "0x80000001"] as const;
  check(driverSkew, [
    { name: "one node differs and suffers", scene: { ...world, facts: pool(other), ...lossy }, want: "graz possible" },
    {
      name: "only its firmware differs",
      scene: { ...world, facts: pool(["ixgbe", "6.1.0", "0x80000001"]), ...lossy },
      want: "graz possible",
    },
    {
      name: "all are alike",
      scene: { ...world, facts: pool(["ixgbe", "6.1.0", "0x800003e7"]), ...lossy },
      want: "cleared",
    },
    // What can fool it.
    { name: "it differs and works", scene: { ...world, facts: pool(other) }, want: "cleared" },
    {
      name: "it is another kind of NIC",
      scene: { ...world, facts: pool(["mlx5_core", "5.15.0", "16.35"]), ...lossy },
      want: "cleared",
    },
    {
      name: "the others differ as well",
      scene: { ...world, facts: pool(other, { bern: { driver: ["ixgbe", "5.0.0", "1"] } }), ...lossy },
      want: "cleared",
    },
    {
      name: "legs elsewhere suffer too",
      scene: { ...world, facts: pool(other), faults: [loses(0.1, through("graz")), loses(0.1, through("ulm"))] },
      want: "cleared",
    },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ]);
});

describe("switch-port-misconfigured", () => {
  const port = (untagged: number, { vlans = [untagged], mfs = 0 } = {}): readonly string[] => [
    "lldp.ens5.via=LLDP",
    "lldp.ens5.chassis.name=leaf-7",
    "lldp.ens5.port.ifname=Ethernet1/5",
    ...(mfs > 0 ? [`lldp.ens5.port.mfs=${mfs}`] : []),
    ...vlans.flatMap((vlan) => [
      `lldp.ens5.vlan.vlan-id=${vlan}`,
      `lldp.ens5.vlan.pvid=${vlan === untagged ? "yes" : "no"}`,
    ]),
  ];
  const ports = (graz: readonly string[], bus: readonly string[] = []): Facts =>
    hardware({ ulm: { lldp: port(100) }, bern: { lldp: port(100) }, graz: { lldp: graz, bus } });
  // Nodes to compare with are not asked for their switches: a path of two nodes has one other.
  check(switchPortMisconfigured, [
    {
      name: "the port lacks the node's VLAN",
      scene: { facts: ports(port(100), ["vlan:200"]), ...lossy },
      want: "graz certain",
    },
    {
      name: "the port takes small frames only",
      scene: { facts: ports(port(100, { mfs: 1_400 })), ...lossy },
      want: "graz likely",
    },
    { name: "untagged frames go elsewhere", scene: { facts: ports(port(300)), ...lossy }, want: "graz likely" },
    { name: "all ports are alike", scene: { facts: ports(port(100, { mfs: 9_236 })), ...lossy }, want: "cleared" },
    // What can fool it.
    { name: "nothing is lost", scene: { facts: ports(port(300)) }, want: "cleared" },
    { name: "packets are late, not lost", scene: { facts: ports(port(300)), ...late }, want: "cleared" },
    {
      name: "the switch does not tell VLANs",
      scene: { facts: ports(["lldp.ens5.chassis.name=leaf-7"], ["vlan:200"]), ...lossy },
      want: "cleared",
    },
    {
      name: "frames with a tag have room",
      scene: { facts: ports(port(100, { mfs: 1_522 })), ...lossy },
      want: "cleared",
    },
    { name: "no switch says anything", scene: { facts: hardware({}), ...lossy }, want: "unknown" },
    { name: "nobody could read it", scene: lossy, want: "unknown" },
  ]);
});
