import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { qdiscs, qdiscsEvidence } from "#src/probes/qdiscs.ts";

const vantage: Vantage = { id: "node/n", label: "n", node: "n", netns: "node", ip: "10.0.0.1", role: "from-node" };
const read = (...texts: readonly string[]) => {
  const samples = texts.map((stdout, n) => ({ atMs: 1_000 + 5_000 * n, exitCode: 0, stdout }));
  const [evidence] = qdiscs.read(samples, { subject: "node/n", vantage });
  return evidence === undefined ? undefined : qdiscsEvidence.schema.parse(evidence.data);
};
// As `tc -s -j qdisc` of iproute2 6.1 prints it (q_htb.c, q_fifo.c), cut into lines by the helper.
const text = `== qdiscs
[{"kind":"htb","handle":"1:","dev":"eth0","root":true,"refcnt":3,"options":{"r2q":10,"default":"0x10","direct_packets_stat":0,"direct_qlen":1000},"bytes":19818,"packets":203,"drops":34,"overlimits":5,"requeues":0,"backlog":0,"qlen":0},
{"kind":"tbf","handle":"8001:","dev":"veth1","root":true,"refcnt":2,"options":{"rate":125000,"burst":16000,"lat":480000},"bytes":10,"packets":1,"drops":0,"overlimits":0,"requeues":0,"backlog":0,"qlen":3},
{"kind":"ingress","handle":"ffff:","dev":"eth0","parent":"ffff:fff1","options":{},"bytes":0,"packets":0,"drops":2,"overlimits":0,"requeues":0,"backlog":0,"qlen":0}]
== end
`;

test("queues come with their side, rate and depth; counters are gains", () => {
  const seen = read(text, text.replace('"drops":34', '"drops":41'));
  expect(seen?.qdiscs).toEqual([
    { device: "eth0", side: "root", kind: "htb", backlog: 0 },
    { device: "veth1", side: "root", kind: "tbf", rateBps: 1_000_000, backlog: 3 },
    { device: "eth0", side: "ingress", kind: "ingress", backlog: 0 },
  ]);
  expect(seen?.gains?.gained).toEqual({ "eth0.root.drops": 7 });
});

test("the plain list of a pod is read as well; queues below classes and noqueue are left out", () => {
  const list = `[{"kind":"noqueue","handle":"0:","dev":"lo","root":true,"refcnt":2,"options":{},"drops":0},{"kind":"htb","handle":"1:","dev":"eth0","root":true,"drops":4},{"kind":"bfifo","handle":"20:","dev":"eth0","parent":"1:20","options":{"limit":1},"drops":4}]`;
  expect(read(list)?.qdiscs).toEqual([{ device: "eth0", side: "root", kind: "htb", backlog: 0 }]);
  expect(read(list.slice(0, -1))).toBeUndefined();
});

test("cut at any byte, in any reading, no drop is invented", () => {
  for (let length = 0; length < text.length; length += 3)
    expect(read(text, text.slice(0, length), text)?.gains?.gained).toEqual({});
  expect(read("")).toBeUndefined();
  expect(read("== qdiscs\n!! 127\n== end\n")?.qdiscs).toEqual([]);
});
