import { expect, test } from "vitest";
import { busMbit, parseDriver, parseSlot, parseSwitchPorts } from "#src/core/slot-text.ts";

// ethtool.c, dump_drvinfo: the same since 2.6, with more lines in newer versions.
const info =
  "driver: mlx5_core\nversion: 5.15.0-91-generic\nfirmware-version: 16.35.3006 (MT_0000000080)\nexpansion-rom-version: \nbus-info: 0000:3b:00.0\nsupports-statistics: yes\n";

test("ethtool -i tells driver, versions and place", () => {
  expect(parseDriver(info)).toEqual({
    name: "mlx5_core",
    version: "5.15.0-91-generic",
    firmware: "16.35.3006 (MT_0000000080)",
    bus: "0000:3b:00.0",
  });
  expect(parseDriver("driver: veth\nversion: 1.0\nfirmware-version: \nbus-info: \n")).toEqual({
    name: "veth",
    version: "1.0",
    firmware: "",
  });
});

const folder = "/sys/class/net/ens5/device";
test.each([
  ["since 5.8", "8.0 GT/s PCIe", "16.0 GT/s PCIe", { now: 8, most: 16 }],
  ["before 5.8", "2.5 GT/s", "8 GT/s", { now: 2.5, most: 8 }],
  ["a virtual machine", "Unknown", "Unknown", undefined],
  ["an older one", "Unknown speed", "8 GT/s", undefined],
])("speeds of a slot: %s", (_, now, most, lane) => {
  const slot = parseSlot(
    `${folder}/current_link_speed:${now}\n${folder}/max_link_speed:${most}\n${folder}/current_link_width:4\n${folder}/max_link_width:8\nqueues:16\nspread:2\nmtu:9000\nvlan:200\n`,
  );
  expect(slot).toEqual({
    ...(lane ? { lane } : {}),
    width: { now: 4, most: 8 },
    queues: 16,
    spread: 2,
    mtu: 9_000,
    vlan: 200,
  });
});

test("widths that nobody knows are none", () => {
  expect(parseSlot(`${folder}/current_link_width:0\n${folder}/max_link_width:255\n`)).toEqual({});
});

test("what a slot carries", () => {
  expect(busMbit(2.5, 1)).toBe(2_000);
  expect(Math.round(busMbit(8, 8))).toBe(63_015);
});

// lldpd 1.0, lldpcli -f keyvalue show neighbors; older versions leave `via` and `rid` out.
const neighbours = [
  "lldp.ens5.via=LLDP",
  "lldp.ens5.rid=1",
  "lldp.ens5.chassis.name=leaf-7",
  "lldp.ens5.port.ifname=Ethernet1/5",
  "lldp.ens5.port.descr=to graz",
  "lldp.ens5.port.mfs=9236",
  "lldp.ens5.port.aggregation=10",
  "lldp.ens5.vlan.vlan-id=100",
  "lldp.ens5.vlan.pvid=yes",
  "lldp.ens5.vlan=hosts",
  "lldp.ens5.vlan.vlan-id=200",
  "lldp.ens5.vlan.pvid=no",
  "lldp.bond0.12.chassis.name=leaf-8",
  "",
].join("\n");

test("what switches say of their ports", () => {
  expect(parseSwitchPorts(neighbours)).toEqual([
    {
      device: "ens5",
      switch: "leaf-7",
      port: "Ethernet1/5",
      mostBytes: 9_236,
      grouped: true,
      vlans: [100, 200],
      untagged: 100,
    },
    { device: "bond0.12", switch: "leaf-8", vlans: [], grouped: false },
  ]);
});

test("text that is cut anywhere invents nothing", () => {
  for (let end = 0; end < neighbours.length; end++)
    for (const port of parseSwitchPorts(neighbours.slice(0, end))) {
      expect([undefined, 9_236]).toContain(port.mostBytes);
      for (const vlan of port.vlans) expect([100, 200]).toContain(vlan);
    }
  for (let end = 0; end < info.length; end++)
    expect([undefined, "5.15.0-91-generic"]).toContain(parseDriver(info.slice(0, end))?.version);
});
