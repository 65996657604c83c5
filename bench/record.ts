import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Recording } from "#src/core/capture.ts";
import { captureFilter } from "#src/core/capture-filter.ts";
import { openRecording, type RecordOrder, recordArgv, recordMaxBytes } from "#src/core/recorder.ts";
import { AgentShell, processesWith } from "#test/support/agent-shell.ts";
import { RecordedLink } from "#test/support/recorded-link.ts";
import type { Bench, Figure } from "./figure.ts";

const SECONDS = 20;
const BYTES = 1_000;
const CHECK = "nc-bench";
const TASK = "capture-1";

type Kind = {
  readonly what: string;
  readonly perSecond: number;
  readonly order: Pick<RecordOrder, "snapLength" | "bufferKib" | "segmentBytes" | "segmentSeconds" | "ringBytes">;
  /** Per cent of a core. */
  readonly wanted?: number;
};

const HEADERS: Kind = {
  what: "headers",
  perSecond: 50_000,
  order: { snapLength: 128, bufferKib: 16_384, segmentBytes: 16_000_000, segmentSeconds: 60, ringBytes: 1_000_000_000 },
  wanted: 33.3,
};
/** What a ring of 200 MB holds for a minute. */
const WHOLE: Kind = {
  what: "whole packets in a ring",
  perSecond: 3_000,
  order: { snapLength: 262_144, bufferKib: 8_192, segmentBytes: 8_000_000, segmentSeconds: 10, ringBytes: 200_000_000 },
};

/**
 * What recording takes of a core, and what it loses, with the filter of a NIC: the headers of 50,000 packets a second, and whole
 * packets of 3 MB/s. What the kernel does for a tap is done by whoever sends or receives, and not counted.
 */
export const record: Bench = {
  name: "record",
  async *run() {
    for (const kind of [HEADERS, WHOLE]) yield* recorded(kind);
  },
};

async function* recorded({ what, perSecond, order: kind, wanted }: Kind): AsyncGenerator<Figure> {
  using agent = new AgentShell("dash");
  await using link = await RecordedLink.make();
  const order = {
    device: link.device,
    ...kind,
    totalBytes: 0,
    cpuPercent: 0,
    filter: captureFilter({
      from: ["10.77.0.1"],
      to: ["10.77.0.2"],
      kind: "nic",
      tunnelPorts: [4_789, 6_081, 8_472],
      user: "udp dst port 9",
    }),
  };
  const argv = link.inside(...recordArgv(order));
  await agent.start(CHECK, [{ id: TASK, argv, maxBytes: recordMaxBytes(order) }], { forMs: 120_000 });
  const said = async () => {
    const { tasks } = await agent.sync(CHECK, { [TASK]: 0 });
    const reader = openRecording(TASK);
    reader.push(tasks[0]?.bytes.toString() ?? "");
    const [evidence] = reader.evidence({ nowMs: 0, done: true });
    return { ended: tasks[0]?.state === "done", recording: evidence?.data as Recording | undefined };
  };
  while ((await said()).recording?.listeningMs === undefined) await sleep(100);

  const processes = ["netcheck-record ", "tcpdump\0-n\0-p\0-Z\0root\0-i\0"].map(
    (name) => processesWith(`${name}${link.device}`)[0] ?? 0,
  );
  const before = processes.map(cpuSeconds);
  const startMs = performance.now();
  await link.send(perSecond * SECONDS, { perSecond, bytes: BYTES });
  const tookS = (performance.now() - startMs) / 1_000;
  // What the kernel still holds.
  await sleep(1_500);
  const [recorder = 0, tcpdump = 0] = processes.map((pid, n) => ((cpuSeconds(pid) - (before[n] ?? 0)) * 100) / tookS);
  await agent.task("stop", CHECK);
  while (!(await said()).ended) await sleep(200);
  const { written = 0, dropped = 0, matched = 0 } = (await said()).recording ?? {};

  const figure = (metric: string, value: number, unit: string) => ({
    ...{ bench: "record", metric: `${what}: ${metric}`, value: Math.round(value * 10) / 10, unit },
  });
  const share = recorder + tcpdump;
  yield figure("packets sent per second", (perSecond * SECONDS) / tookS, "1/s");
  yield {
    ...figure("CPU of a core", share, "%"),
    ...(wanted === undefined ? {} : { wanted: `< ${wanted} %`, met: share < wanted }),
  };
  yield figure("CPU of a core, tcpdump alone", tcpdump, "%");
  const lost = perSecond * SECONDS - written;
  yield { ...figure("packets lost", lost, "packets"), wanted: "0", met: lost === 0 };
  yield figure("packets that the recorder says it lost", dropped, "packets");
  yield figure("packets that the filter let in", matched, "packets");
}

/** CPU time of a process, user and system. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
