import { ack } from "./ack.ts";
import { largeCluster } from "./big-cluster.ts";
import { cost, speed } from "./check.ts";
import { diagnosis } from "./diagnose.ts";
import { exec } from "./exec.ts";
import { fetchBudget } from "./fetch.ts";
import type { Bench, Figure } from "./figure.ts";
import { hops } from "./hops.ts";
import { kills } from "./kills.ts";
import { labUp } from "./lab-up.ts";
import { located } from "./located.ts";
import { names } from "./names.ts";
import { night } from "./night.ts";
import { nodeTask } from "./node-task.ts";
import { pcapMutants } from "./pcap/mutants.ts";
import { pcap } from "./pcap/pcap.ts";
import { record } from "./record.ts";

const benches: readonly Bench[] = [
  labUp,
  ack,
  cost,
  speed,
  names,
  largeCluster,
  diagnosis,
  exec,
  nodeTask,
  record,
  kills,
  fetchBudget,
  hops,
  located,
  night,
  pcap,
  pcapMutants,
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(
    `No bench is called ${unknown.join(", ")}. There are: ${benches.map((bench) => bench.name).join(", ")}`,
  );
  process.exit(2);
}
const missed: Figure[] = [];
for (const bench of benches) {
  if (wanted.length > 0 && !wanted.includes(bench.name)) continue;
  console.error(`${bench.name} …`);
  for await (const figure of bench.run()) {
    console.log(JSON.stringify(figure));
    if (figure.met === false) missed.push(figure);
  }
}
for (const { metric, value, unit, ratio, wanted } of missed)
  console.error(`not as wanted: ${metric}: ${ratio ?? `${value} ${unit}`}, ${wanted}`);
