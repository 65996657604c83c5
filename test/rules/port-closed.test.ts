import { expect, test } from "vitest";
import { portClosed } from "#src/rules/port-closed.ts";
import { cluster, loses, type Packet, type Scene, startOf, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const target = toPort("shop/api-1", 7000);
const refuses = (afterS = 0): Pick<Scene, "faults"> => ({
  faults: [
    (packet: Packet) => (target(packet) && packet.atMs >= startOf + afterS * 1_000 ? { refused: true } : undefined),
  ],
});
const sockets = (text: (atMs: number) => string): Pick<Scene, "facts"> => ({
  facts: (at, probe, atMs) => (probe === "listeners" && at.label === "shop/api-1" ? text(atMs) : undefined),
});
const listens = (address: string) => `LISTEN 0      128          ${address}       0.0.0.0:*\n`;
const three = cluster(3);

test.each<{ name: string; scene: Scene; want: string }>([
  { name: "nothing listens there", scene: { ...refuses(), ...sockets(() => "") }, want: "shop/api-1 certain" },
  {
    name: "something listens on another port",
    scene: { ...refuses(), ...sockets(() => listens("0.0.0.0:7001")) },
    want: "shop/api-1 certain",
  },
  {
    name: "it stopped listening in the middle",
    scene: { ...refuses(9), ...sockets((atMs) => (atMs > startOf + 9_000 ? "" : listens("0.0.0.0:7000"))) },
    want: "shop/api-1 certain",
  },
  {
    name: "the far node has no agent",
    scene: {
      ...refuses(),
      world: { ...three, nodes: three.nodes.map((node) => ({ ...node, agent: node.name !== "graz" })) },
    },
    want: "shop/api-1 likely",
  },
  { name: "all connects", scene: {}, want: "cleared" },
  { name: "nothing answers at all", scene: { faults: [loses(1, target)] }, want: "unknown" },
  // What can fool it.
  {
    name: "a packet filter refuses in its name",
    scene: {
      ...refuses(),
      facts: (at, probe, atMs) =>
        probe === "packet-filter" && at.label === "graz"
          ? `*filter\n:FORWARD ACCEPT [0:0]\n[${Math.round((atMs - startOf) / 20)}:0] -A FORWARD -d 10.42.1.5/32 -p tcp -m tcp --dport 7000 -j REJECT --reject-with tcp-reset\nCOMMIT\n`
          : probe === "packet-filter" && at.label === "shop/api-1"
            ? "*filter\nCOMMIT\n"
            : undefined,
    },
    want: "unknown",
  },
  {
    name: "a socket listens there all the time",
    scene: { ...refuses(), ...sockets(() => listens("0.0.0.0:7000")) },
    want: "unknown",
  },
])("port-closed says $want when $name", ({ scene, want }) => {
  expect(ask(portClosed, scene).brief).toBe(want);
});

test("a listener on the loopback only is named as such", () => {
  const { verdict } = ask(portClosed, { ...refuses(), ...sockets(() => listens("127.0.0.1:7000")) });
  expect(because(verdict)).toContain("listens on 127.0.0.1:7000 only");
});

test("it counts the refusals, how fast they came, and what the pod listens on instead", () => {
  const { verdict } = ask(portClosed, { ...refuses(), ...sockets(() => listens("0.0.0.0:7001")) });
  expect(because(verdict)).toMatch(
    /port 7000 of shop\/api-1 refuses: (\d+) of \1 connects from \d places, answered within [\d.]+ ms/,
  );
  expect(because(verdict)).toContain("nothing listens on 7000 in the network of shop/api-1; it listens on 7001");
});
