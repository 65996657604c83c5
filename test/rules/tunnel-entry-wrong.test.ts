import { expect, test } from "vitest";
import { tunnelEntryWrong } from "#src/rules/tunnel-entry-wrong.ts";
import { loses, type Packet, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { macOf, nodeIp, type Tunnelled, tunnelFacts } from "./tunnel-facts.ts";

const at = (node: string, wanted: Tunnelled): Pick<Scene, "facts"> => ({
  facts: (vantage, probe) => tunnelFacts(vantage, probe, vantage.label === node ? wanted : {}),
});
const from =
  (one: string, other: string) =>
  ({ fromNode, toNode, leg }: Packet) =>
    fromNode === one && toNode === other && leg.scope === "overlay";
const lost = (one: string, other: string): Pick<Scene, "faults"> => ({ faults: [loses(1, from(one, other))] });
const only = (n: number, text: string) => (asked: number) => (asked === n ? text : undefined);

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a forwarding entry leads to a third node",
    scene: { ...at("ulm", { entries: only(1, nodeIp(2)) }), ...lost("ulm", "graz") },
    want: "ulm certain",
  },
  {
    name: "a forwarding entry leads to nobody, on the way back",
    scene: { ...at("graz", { entries: only(0, "192.0.2.9") }), ...lost("graz", "ulm") },
    want: "graz certain",
  },
  {
    name: "a neighbour entry has a MAC address that nobody has",
    scene: { ...at("ulm", { neighbours: only(1, "02:00:00:00:00:99") }), ...lost("ulm", "graz") },
    want: "ulm certain",
  },
  {
    name: "nobody heard what arrived",
    scene: { ...at("ulm", { neighbours: only(1, macOf(2)) }), ...lost("ulm", "graz"), withoutTaps: true },
    want: "ulm certain",
  },
  // What can fool it.
  { name: "the wrong entry harms nobody", scene: at("ulm", { neighbours: only(1, macOf(2)) }), want: "cleared" },
  { name: "the entries are right", scene: { ...at("ulm", {}), ...lost("ulm", "graz") }, want: "cleared" },
  {
    name: "the other direction is lost",
    scene: { ...at("ulm", { entries: only(1, nodeIp(2)) }), ...lost("graz", "ulm") },
    want: "cleared",
  },
  {
    name: "a program chooses the far end",
    scene: {
      facts: (vantage, probe) => tunnelFacts(vantage, probe, { external: true, entries: only(1, nodeIp(2)) }),
      ...lost("ulm", "graz"),
    },
    want: "unknown",
  },
  {
    name: "the entry leads to the other node's second address",
    scene: {
      facts: (vantage, probe) =>
        tunnelFacts(
          vantage,
          probe,
          vantage.label === "graz"
            ? { addresses: [{ ip: vantage.ip }, { ip: "172.20.7.177" }] }
            : { entries: only(1, "172.20.7.177") },
        ),
      ...lost("ulm", "graz"),
    },
    want: "cleared",
  },
  { name: "there is no tunnel", scene: lost("ulm", "graz"), want: "unknown" },
])("tunnel-entry-wrong says $want when $name", ({ scene, want }) => {
  expect(ask(tunnelEntryWrong, scene).brief).toBe(want);
});

test("it says where the entry leads, and where it should", () => {
  const { verdict } = ask(tunnelEntryWrong, { ...at("ulm", { entries: only(1, nodeIp(2)) }), ...lost("ulm", "graz") });
  expect(because(verdict)).toContain(
    "on ulm the forwarding entry of vx.7 for graz (ce:00:00:00:00:01) leads to 172.20.7.22, which is bern, not to 172.20.7.21",
  );
});
