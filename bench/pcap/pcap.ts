import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Figure } from "../figure.ts";
import { FiguresTable } from "./figures-table.ts";
import { type Anchor, type Kind, kinds } from "./kinds.ts";
import { type Median, measured } from "./timed.ts";
import type { Made } from "./traffic.ts";

const root = new URL("../..", import.meta.url).pathname;
const netcheck = `${process.execPath} ${join(root, "src/cli.ts")} pcap`;
const RUNS = 5;
/** A run of tshark takes from a quarter to one and a half minutes. */
const SLOW_RUNS = 3;
const SLOWEST_RUNS = 1;
const BIG = 5_000_000;
/** As many files behind each other are more than 10 GB. */
const LONG_PIPE = 9;
const MOST_START_MS = 150;
const MOST_MB = 200;

const anchorNames: readonly Anchor[] = [
  ...(["tshark", "tshark lean", "tshark -2", "tcptrace", "pipe", "long pipe", "gzip", "zstd"] as const),
];
const retransmissions = '"io,stat,0,COUNT(tcp.analysis.retransmission)tcp.analysis.retransmission"';
const anchors: Readonly<Record<Anchor, { readonly program: string; readonly command: (file: string) => string }>> = {
  tshark: { program: "tshark", command: (file) => `tshark -r ${file} -q -z ${retransmissions}` },
  "tshark lean": {
    program: "tshark",
    command: (file) =>
      `tshark -n -r ${file} -o tcp.desegment_tcp_streams:FALSE -o ip.defragment:FALSE -d tcp.port==1-65535,data -d udp.port==1-4788,data -q -z ${retransmissions}`,
  },
  "tshark -2": { program: "tshark", command: (file) => `tshark -2 -r ${file} -q -z ${retransmissions}` },
  tcptrace: { program: "tcptrace", command: (file) => `tcptrace -n -l -r ${file} > /dev/null` },
  pipe: { program: "cat", command: (file) => `${netcheck} - --json < <(cat ${file})` },
  "long pipe": {
    program: "cat",
    command: (file) => `${netcheck} - --json < <(cat ${Array(LONG_PIPE).fill(file).join(" ")})`,
  },
  gzip: { program: "gzip", command: (file) => `${netcheck} ${file}.gz --json` },
  zstd: { program: "zstd", command: (file) => `${netcheck} ${file}.zst --json` },
};

/**
 * How fast `netcheck pcap` reads captures of its own making, as whole processes, against what is installed of tshark and
 * tcptrace in the same run: ratios of user CPU, which other work on the machine disturbs least. PCAP_BENCH_KINDS=LONG,V6 and
 * PCAP_BENCH_SCALE=0.1 make it shorter. The counters of each run are held against what was put into the capture. At the end
 * the figures are told once more, on standard error, as the table that docs/performance.md holds.
 */
export const pcap: Bench = {
  name: "pcap",
  async *run() {
    const folder = mkdtempSync(join(tmpdir(), "netcheck-bench-pcap-"));
    const table = new FiguresTable();
    try {
      console.error(`load ${loadavg()[0]?.toFixed(2)}`);
      yield* start(folder, table);
      const wanted = process.env["PCAP_BENCH_KINDS"]?.split(",");
      for (const kind of kinds) if (wanted?.includes(kind.name) ?? true) yield* compare(kind, folder, table);
      console.error(`\n${table.markdown()}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

const figure = (metric: string, value: number, unit: string, rest: Partial<Figure> = {}): Figure => ({
  ...{ bench: "pcap", metric, value: Number(value.toPrecision(3)), unit },
  ...rest,
});
const scale = Number(process.env["PCAP_BENCH_SCALE"] ?? 1);
/** Only at full size is it told what is wanted: start and compilation weigh more on less. */
const atLeast = (value: number, wanted: number | undefined): Partial<Figure> =>
  wanted === undefined || scale !== 1 ? {} : { wanted: `at least ${wanted}`, met: value >= wanted };
const atMost = (value: number, wanted: number | undefined): Partial<Figure> =>
  wanted === undefined || scale !== 1 ? {} : { wanted: `at most ${wanted}`, met: value <= wanted };

/** The command itself: a capture of one packet. */
async function* start(folder: string, table: FiguresTable): AsyncGenerator<Figure> {
  const file = join(folder, "one.pcap");
  kinds[0]?.make(file, 1);
  await measured(`${netcheck} ${file} --json`, file, 1);
  const cost = await measured(`${netcheck} ${file} --json`, file, 9);
  table.start(`A capture of one packet: ${ms(cost.wallS)} of wall time, ${ms(cost.userS)} of user CPU, medians of 9.`);
  yield figure(
    "a capture of one packet, wall, median of 9",
    cost.wallS * 1e3,
    "ms",
    atMost(cost.wallS * 1e3, MOST_START_MS),
  );
  yield figure("a capture of one packet, user CPU, median of 9", cost.userS * 1e3, "ms");
}

const ms = (seconds: number): string => `${(seconds * 1e3).toFixed(0)} ms`;

async function* compare(kind: Kind, folder: string, table: FiguresTable): AsyncGenerator<Figure> {
  const file = join(folder, `${kind.name}.pcap`);
  const made = kind.make(file, Math.round(kind.size * scale));
  const title = `${kind.name} (${(made.packets / 1e6).toFixed(2)} M packets, ${(made.bytes / 1e9).toFixed(2)} GB)`;
  const own = await measured(`${netcheck} ${file} --json`, file, RUNS);
  check(own, made, title);
  const mps = made.packets / own.wallS / 1e6;
  table.set(kind.name, "packets", `${(made.packets / 1e6).toFixed(2)} M`);
  table.set(kind.name, "size", `${(made.bytes / 1e9).toFixed(2)} GB`);
  table.set(kind.name, "from a file", `${mps.toFixed(1)} M/s`);
  table.set(kind.name, "user CPU", `${((own.userS / made.packets) * 1e9).toFixed(0)} ns`);
  table.set(kind.name, "memory", `${own.rssMb.toFixed(0)} MB`);
  yield figure(`${title}: packets per second of wall time`, mps, "M/s", atLeast(mps, kind.wantedMps));
  yield figure(`${title}: user CPU per packet`, (own.userS / made.packets) * 1e9, "ns");
  yield figure(`${title}: user CPU, median of ${RUNS} (${own.userMinS} to ${own.userMaxS})`, own.userS, "s");
  yield figure(`${title}: system CPU, median of ${RUNS}`, own.systemS, "s");
  yield figure(`${title}: peak memory`, own.rssMb, "MB", atMost(own.rssMb, MOST_MB));
  for (const name of anchorNames)
    if (name in kind.anchors) yield* against(name, { kind, file, title, own, made, table });
  rmSync(file);
}

async function* against(
  name: Anchor,
  {
    kind,
    file,
    title,
    own,
    made,
    table,
  }: { kind: Kind; file: string; title: string; own: Median; made: Made; table: FiguresTable },
): AsyncGenerator<Figure> {
  const { program, command } = anchors[name];
  const wanted = kind.anchors[name];
  if (!installed(program)) {
    console.error(`${program} is not installed: no comparison`);
    return;
  }
  if (name === "gzip" || name === "zstd") compress(name, file);
  const other = program === "tshark" || program === "tcptrace";
  const slow = program === "tshark" || name === "long pipe";
  const runs = !slow ? RUNS : made.packets > BIG ? SLOWEST_RUNS : SLOW_RUNS;
  const cost = await measured(command(file), file, runs);
  const rest = { against: other ? "netcheck" : "a file" };
  if (other) {
    const ratio = Number((cost.userS / own.userS).toPrecision(3));
    table.set(kind.name, name, `${ratio} ×`);
    const metric = `${title}: ${name}, user CPU, median of ${runs} (${cost.userMinS} to ${cost.userMaxS})`;
    yield figure(metric, cost.userS, "s", { ...rest, ratio, ...atLeast(ratio, wanted) });
    yield figure(`${title}: ${name}, peak memory`, cost.rssMb, "MB");
    return;
  }
  const times = name === "long pipe" ? LONG_PIPE : 1;
  check(cost, { ...made, packets: made.packets * times }, `${title}, ${name}`, times === 1);
  const ratio = Number((cost.wallS / own.wallS / times).toPrecision(3));
  const metric = `${title}: ${name}${times > 1 ? `, ${times} times the file` : ""}`;
  const mps = (made.packets * times) / cost.wallS / 1e6;
  table.set(kind.name, name, `${mps.toFixed(1)} M/s, ${cost.rssMb.toFixed(0)} MB`);
  yield figure(`${metric}, packets per second of wall time`, mps, "M/s", { ...rest, ratio, ...atMost(ratio, wanted) });
  yield figure(`${metric}, peak memory`, cost.rssMb, "MB", atMost(cost.rssMb, MOST_MB));
  if (name === "gzip" || name === "zstd") rmSync(`${file}.${name === "gzip" ? "gz" : "zst"}`);
}

/** Speed counts only with counters that are right; of one file behind another only packets are known. */
function check({ output }: Median, made: Made, title: string, once = true): void {
  const summary = JSON.parse(output);
  const near = (seen: number, put: number): boolean => Math.abs(seen - put) <= put * 0.15 + 5;
  const { retransmissions, handshakes } = summary.tcp;
  const counted = near(retransmissions, made.retransmissions) && near(handshakes, made.handshakes);
  if (summary.packets !== made.packets || (once && !counted))
    throw new Error(
      `${title}: ${JSON.stringify(made)} were made, ${JSON.stringify({ packets: summary.packets, retransmissions, handshakes })} were counted`,
    );
}

function installed(program: string): boolean {
  try {
    execFileSync("which", [program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function compress(program: "gzip" | "zstd", file: string): void {
  const bytes = execFileSync(program, ["-1", "-c", file], { maxBuffer: 2 ** 31 });
  writeFileSync(`${file}.${program === "gzip" ? "gz" : "zst"}`, bytes);
}
