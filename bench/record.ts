import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Recording } from "#src/core/capture.ts";
import { captureFilter } from "#src/core/capture-filter.ts";
import { openRecording, recordArgv, recordMaxBytes } from "#src/core/recorder.ts";
import { AgentShell, processesWith } from "#test/support/agent-shell.ts";
import { RecordedLink } from "#test/support/recorded-link.ts";
import type { Bench } from "./figure.ts";

const PER_SECOND = 50_000;
const SECONDS = 20;
const CHECK = "nc-bench";
const TASK = "capture-1";

/**
 * What recording the headers of 50,000 packets a second takes of a core, and what it loses, with the filter of a NIC. What the kernel
 * does for a tap is done by whoever sends or receives, and not counted.
 */
export const record: Bench = {
  name: "record",
  async *run() {
    using agent = new AgentShell("dash");
    await using link = await RecordedLink.make();
    const order = {
      device: link.device,
      snapLength: 128,
      bufferKib: 16_384,
      segmentBytes: 16_000_000,
      segmentSeconds: 60,
      ringBytes: 1_000_000_000,
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
    await link.send(PER_SECOND * SECONDS, { perSecond: PER_SECOND, bytes: 1_000 });
    const tookS = (performance.now() - startMs) / 1_000;
    // What the kernel still holds.
    await sleep(1_500);
    const [recorder = 0, tcpdump = 0] = processes.map((pid, n) => ((cpuSeconds(pid) - (before[n] ?? 0)) * 100) / tookS);
    await agent.task("stop", CHECK);
    while (!(await said()).ended) await sleep(200);
    const { written = 0, dropped = 0, matched = 0 } = (await said()).recording ?? {};

    const figure = { bench: "record" };
    const round = (value: number) => Math.round(value * 10) / 10;
    const share = round(recorder + tcpdump);
    yield {
      ...figure,
      metric: "packets sent per second",
      value: Math.round((PER_SECOND * SECONDS) / tookS),
      unit: "1/s",
    };
    yield { ...figure, metric: "CPU of a core", value: share, unit: "%", wanted: "< 33.3 %", met: share < 33.3 };
    yield { ...figure, metric: "CPU of a core, tcpdump alone", value: round(tcpdump), unit: "%" };
    const lost = PER_SECOND * SECONDS - written;
    yield { ...figure, metric: "packets lost", value: lost, unit: "packets", wanted: "0", met: lost === 0 };
    yield { ...figure, metric: "packets that the recorder says it lost", value: dropped, unit: "packets" };
    yield { ...figure, metric: "packets that the filter let in", value: matched, unit: "packets" };
  },
};

/** CPU time of a process, user and system. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
