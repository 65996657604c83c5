import { expect, test } from "vitest";
import { flows, flowsEvidence, parseFlows } from "#src/probes/flows.ts";
import { wrongSnat } from "#src/rules/wrong-snat.ts";
import { loses, type Packet, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

type Line = {
  readonly from: string;
  readonly to: string;
  readonly back?: string;
  readonly answers?: string;
  readonly answered?: boolean;
  readonly port?: number;
};
const lines = (all: readonly Line[]): string =>
  all
    .flatMap(({ from, to, back = from, answers = to, answered = true, port = 7000 }, n) =>
      [0, 1, 2, 3].map(
        (copy) =>
          `tcp      6 117 ${answered ? "TIME_WAIT" : "SYN_SENT"} src=${from} dst=${to} sport=${41_000 + 10 * n + copy} dport=${port} ${answered ? "" : "[UNREPLIED] "}src=${answers} dst=${back} sport=${port} dport=${41_000 + 10 * n + copy} ${answered ? "[ASSURED] " : ""}mark=0 use=1\n`,
      ),
    )
    .join("");
const tables =
  (of: Readonly<Record<string, readonly Line[]>>): NonNullable<Scene["facts"]> =>
  (at, probe) =>
    probe === "flows" ? lines(of[at.label] ?? []) : undefined;
const [api0, api1, api2] = ["10.42.0.5", "10.42.1.5", "10.42.2.5"];
const node = "172.20.7.20";
const refusedThere = loses(
  0.5,
  ({ leg, fromNode, toNode }: Packet) => leg.port === 7000 && fromNode === "ulm" && toNode !== "ulm",
);
const right: Line = { from: api1, to: api0 };

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the node's address replaces the pod's, elsewhere not",
    scene: { facts: tables({ ulm: [{ from: api0, to: api1, back: node }], graz: [right] }), faults: [refusedThere] },
    want: "ulm certain",
  },
  {
    name: "all nodes do so",
    scene: {
      facts: tables({ ulm: [{ from: api0, to: api1, back: node }], graz: [{ ...right, back: "172.20.7.21" }] }),
      faults: [refusedThere],
    },
    want: "ulm possible",
  },
  // What can fool it.
  {
    name: "addresses are left as they are",
    scene: { facts: tables({ ulm: [{ from: api0, to: api1 }], graz: [right] }), faults: [refusedThere] },
    want: "cleared",
  },
  {
    name: "it is translated and answered",
    scene: { facts: tables({ ulm: [{ from: api0, to: api1, back: node }], graz: [right] }) },
    want: "cleared",
  },
  {
    name: "it went through a Service, which may translate",
    scene: {
      facts: tables({
        ulm: [
          { from: api0, to: "10.96.7.7", answers: api1, back: node },
          { from: api0, to: api1 },
        ],
        graz: [right],
      }),
      faults: [refusedThere],
    },
    want: "cleared",
  },
  {
    name: "a pod reaches itself through a Service",
    scene: {
      facts: tables({ ulm: [{ from: api0, to: "10.96.7.7", answers: api0, back: node }], graz: [right] }),
      faults: [refusedThere],
    },
    want: "cleared",
  },
  {
    name: "a few are left from before a change",
    scene: {
      facts: tables({
        ulm: [
          { from: api0, to: api1, back: node },
          { from: api0, to: api1 },
          { from: api0, to: api2 },
        ],
        graz: [right],
      }),
      faults: [refusedThere],
    },
    want: "cleared",
  },
  { name: "the tables could not be read", scene: { faults: [refusedThere] }, want: "unknown" },
])("wrong-snat says $want when $name", ({ scene, want }) => {
  expect(ask(wrongSnat, { port: 7000, ...scene }).brief).toBe(want);
});

const outside = "198.51.100.9";
const dead = loses(1, ({ leg, fromNode }: Packet) => leg.toIp === outside && fromNode === "ulm");
test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "its own address leaves the cluster, other nodes translate",
    scene: {
      facts: tables({
        ulm: [{ from: api0, to: outside, answered: false, port: 443 }],
        graz: [{ from: api1, to: outside, back: "172.20.7.21", port: 443 }],
      }),
      faults: [dead],
    },
    want: "ulm certain",
  },
  {
    name: "nobody translates: addresses may be valid outside",
    scene: {
      facts: tables({
        ulm: [{ from: api0, to: outside, answered: false, port: 443 }],
        graz: [{ from: api1, to: outside, port: 443 }],
      }),
      faults: [dead],
    },
    want: "cleared",
  },
  {
    name: "it is translated and nobody answers",
    scene: {
      facts: tables({ ulm: [{ from: api0, to: outside, back: node, answered: false, port: 443 }] }),
      faults: [dead],
    },
    want: "cleared",
  },
  {
    name: "connections out of the cluster are answered",
    scene: {
      facts: tables({
        ulm: [{ from: api0, to: outside, port: 443 }],
        graz: [{ from: api1, to: outside, back: "172.20.7.21", port: 443 }],
      }),
    },
    want: "cleared",
  },
])("to an address outside, wrong-snat says $want when $name", ({ scene, want }) => {
  expect(ask(wrongSnat, { to: outside, port: 443, ...scene }).brief).toBe(want);
});

test("it says which address and how many", () => {
  const { verdict } = ask(wrongSnat, {
    port: 7000,
    facts: tables({ ulm: [{ from: api0, to: api1, back: node }], graz: [right] }),
    faults: [refusedThere],
  });
  expect(because(verdict)).toContain(
    "ulm gives 4 of 4 connections of shop/api-0 to other pods another source address: 172.20.7.20",
  );
});

test("a table of connections is read, with and without its head, however it is cut", () => {
  const text =
    "ipv4     2 udp      17 29 src=10.0.0.1 dst=10.96.0.10 sport=5353 dport=53 packets=3 bytes=180 [UNREPLIED] src=10.0.0.9 dst=10.0.0.1 sport=53 dport=5353 packets=0 bytes=0 mark=0 zone=0 use=2\nicmp     1 12 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=7 mark=0 use=1\n# 70000 connections, too many to read\n";
  expect(parseFlows(text)).toMatchObject([
    {
      protocol: "udp",
      from: "10.0.0.1",
      to: "10.96.0.10",
      port: 53,
      answers: "10.0.0.9",
      answersPort: 53,
      back: "10.0.0.1",
      answered: false,
      leftS: 29,
    },
    { protocol: "icmp", to: "10.0.0.2", port: 0, answered: true },
  ]);
  for (let end = 0; end < text.length; end++) expect(() => parseFlows(text.slice(0, end))).not.toThrow();
});

test("an entry that runs out by itself is not kept alive, one that is used is", () => {
  const at = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "control" } as const;
  const udp = (port: number, left: number) =>
    `udp      17 ${left} src=10.0.0.1 dst=10.96.0.10 sport=${port} dport=53 [UNREPLIED] src=10.0.0.9 dst=10.0.0.1 sport=53 dport=${port} mark=0 use=1\n`;
  const read = (first: string, second: string) => {
    const [one] = flows.read(
      [
        { atMs: 0, exitCode: 0, stdout: first },
        { atMs: 10_000, exitCode: 0, stdout: second },
      ],
      { subject: "node/n", vantage: at },
    );
    return flowsEvidence.schema.parse(one?.data).flows[0];
  };
  expect(read(udp(1, 29), udp(1, 19))).toMatchObject({ count: 1, unanswered: 1, kept: 0 });
  expect(read(udp(1, 29), udp(1, 28))).toMatchObject({ count: 1, unanswered: 1, kept: 1, keptMs: 10_000 });
  expect(read(udp(1, 29), udp(2, 29))).toMatchObject({ count: 2, unanswered: 2, kept: 0 });
});
