import { expect, test } from "vitest";
import { forwardingDisabled } from "#src/rules/forwarding-disabled.ts";
import { loses, type Packet, type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** `grep -rHs` of one node's switches. */
const switches = (label: string, lines: (atMs: number) => readonly string[]): Pick<Scene, "facts"> => ({
  facts: (at, probe, atMs) =>
    probe === "sysctls"
      ? (at.label === label ? lines(atMs) : ["ipv4/ip_forward:1"]).map((line) => `/proc/sys/net/${line}\n`).join("")
      : undefined,
});
/** Packets of that node's pods do not get beyond it. */
const holdsBack = (node: string, fromS = 0): Pick<Scene, "faults"> => ({
  faults: [
    loses(1, ({ fromNode, toNode, from, to, atMs }: Packet) => {
      const pods = [fromNode === node ? from : "", toNode === node ? to : ""].filter((label) =>
        label.startsWith("shop/"),
      );
      return fromNode !== toNode && pods.length > 0 && atMs >= startOf + fromS * 1_000;
    }),
  ],
});
const off = () => ["ipv4/ip_forward:0", "ipv4/conf/ens5/forwarding:0"];

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the target's node does not forward",
    scene: { ...switches("graz", off), ...holdsBack("graz") },
    want: "graz certain",
  },
  { name: "the asker's node does not", scene: { ...switches("ulm", off), ...holdsBack("ulm") }, want: "ulm certain" },
  {
    name: "only the device of the pods does not",
    scene: { ...switches("ulm", () => ["ipv4/ip_forward:1", "ipv4/conf/cni0/forwarding:0"]), ...holdsBack("ulm") },
    want: "ulm certain",
  },
  {
    name: "it is switched off in the middle",
    scene: {
      ...switches("ulm", (atMs) => (atMs > startOf + 8_000 ? off() : ["ipv4/ip_forward:1"])),
      ...holdsBack("ulm", 8),
    },
    want: "ulm certain",
  },
  // What can fool it.
  { name: "packets pass all the same", scene: switches("ulm", off), want: "cleared" },
  { name: "it forwards and pods are cut off", scene: { ...switches("x", off), ...holdsBack("ulm") }, want: "cleared" },
  { name: "a pod does not forward", scene: { ...switches("shop/api-0", off), ...holdsBack("ulm") }, want: "cleared" },
  { name: "another node beside the path", scene: { ...switches("bern", off), ...holdsBack("bern") }, want: "cleared" },
  {
    name: "a device that our pods do not use",
    scene: { ...switches("ulm", () => ["ipv4/ip_forward:1", "ipv4/conf/docker0/forwarding:0"]), ...holdsBack("ulm") },
    want: "cleared",
  },
  {
    name: "nothing could be read",
    scene: { facts: (_, probe) => (probe === "sysctls" ? "" : undefined), ...holdsBack("ulm") },
    want: "unknown",
  },
])("forwarding-disabled says $want when $name", ({ scene, want }) => {
  expect(ask(forwardingDisabled, scene).brief).toBe(want);
});

test("it shows the switch", () => {
  const { verdict } = ask(forwardingDisabled, { ...switches("graz", off), ...holdsBack("graz") });
  expect(because(verdict)).toContain("on graz forwarding is switched off: net.ipv4.ip_forward = 0");
});
