import { CaptureAnalysis } from "./pcap/capture-analysis.ts";
import type { CaptureSummary } from "./pcap/capture-summary.ts";
import { FilterError, readFilter } from "./pcap/packet-filter.ts";
import { CaptureInputError, codeOf, isTerminal, type OpenInput, openInput, readInput } from "./pcap-input.ts";
import { showProgress } from "./pcap-progress.ts";

// Not imported, for the reason told in pcap-input.ts.
const { parseArgs } = process.getBuiltinModule("node:util");
const { writeSync } = process.getBuiltinModule("node:fs");

const usage = `Usage: npm run -s netcheck -- pcap FILE… [--json] [--filter "EXPRESSION"] [--flows N] [--write OUT.pcapng]

Reads packet captures (pcap, pcapng; gzip and zstd as well) and says what is wrong in them, worst first. Several files are
read one after the other as one capture; - is standard input.
  --json              one JSON document on standard output instead of text
  --filter "tcp port 443 and net 10.0.0.0/8"
                      only these packets; the words are those of tcpdump, and see inside tunnels
  --flows N           keep the N worst flows whole (10)
  --write OUT.pcapng  write the flows of the findings, with comments that Wireshark shows
Exit code: 0 for what could be read, if only in part, whatever was found in it; 2 for what could not. docs/pcap.md explains the findings.
`;

const MOST_FLOWS = 10_000;
const STDOUT = 1;
const STDERR = 2;

/** What the user got wrong: a sentence for people. */
class UsageError extends Error {}

type Asked = {
  readonly files: readonly string[];
  readonly json: boolean;
  readonly filter: string | undefined;
  readonly flows: number;
  readonly write: string | undefined;
};

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/**
 * `netcheck pcap`. Answers the exit code: 0 for what could be read, if only in part, and 2 for what could not. Needs neither
 * Slack nor Redis nor a cluster, and imports nothing of them.
 */
export async function pcapCommand(argv: readonly string[]): Promise<number> {
  try {
    const asked = read(argv);
    if (asked) return await analyse(asked);
    say(usage);
    return argv.length === 0 ? 2 : 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof CaptureInputError || error instanceof FilterError))
      throw error;
    say(error.message);
    return 2;
  }
}

/** Undefined when help is wanted. */
function read(argv: readonly string[]): Asked | undefined {
  const { values, positionals: files } = parsed(argv);
  if (values.help || argv.length === 0) return undefined;
  if (files.length === 0) throw new UsageError("No capture is named. Name a file, or - for standard input.");
  if (files.filter((file) => file === "-").length > 1) throw new UsageError("Standard input can be read only once.");
  const { json = false, filter, write } = values;
  const flows = Number(values.flows ?? 10);
  if (!Number.isInteger(flows) || flows < 0 || flows > MOST_FLOWS)
    throw new UsageError(`--flows ${values.flows}: a number from 0 to ${MOST_FLOWS} would be right.`);
  return { files, json, filter, flows, write };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        filter: { type: "string" },
        flows: { type: "string" },
        write: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function analyse({ files, json, filter, flows, write }: Asked): Promise<number> {
  const analysis = new CaptureAnalysis({ flows, ...(filter === undefined ? {} : { filter: readFilter(filter) }) });
  // All of them first: who mistypes the last of ten names should not wait for nine.
  const inputs = files.map(openInput);
  if (write !== undefined && inputs.some(({ size }) => size === undefined))
    throw new UsageError("--write reads the captures twice, which pipes cannot be: name files.");
  const notes: string[] = [];
  let unread = 0;
  let stoppedIn: string | undefined;
  for (const input of inputs) {
    const { headers } = analysis.reader;
    const trouble = await readWithProgress(input, analysis);
    const stopped = analysis.end();
    if (stopped) stoppedIn ??= input.name;
    if (trouble !== undefined) notes.push(`${input.name}: ${trouble}`);
    if (stopped && inputs.length > 1) notes.push(`${input.name}: ${stopped.reason}, at byte ${stopped.offset}`);
    if (analysis.reader.headers > headers) continue;
    unread++;
    say(`${input.name}: ${trouble ?? stopped?.reason}`);
  }
  const summary = analysis.summary();
  if (write !== undefined && unread < inputs.length) {
    const { writeFindings } = await import("./pcap-output.ts");
    const packets = await writeFindings(files, summary, write);
    say(`${write}: ${packets} of ${summary.packets} packets, those of ${summary.findings.length} findings`);
  }
  const { stopped, ...rest } = { ...summary, quality: [...summary.quality, ...notes] };
  // Of several files the first that could not be read to its end; for people all of them are among the notes.
  const reason = inputs.length > 1 ? `${stoppedIn}: ${stopped?.reason}` : stopped?.reason;
  const whole = stopped && reason !== undefined ? { ...rest, stopped: { ...stopped, reason } } : rest;
  const told = inputs.length > 1 ? rest : whole;
  await print(json ? `${JSON.stringify(whole)}\n` : unread < inputs.length ? await inWords(told, inputs) : "");
  return unread > 0 ? 2 : 0;
}

async function readWithProgress(input: OpenInput, analysis: CaptureAnalysis): Promise<string | undefined> {
  if (!isTerminal(STDERR)) return readInput(input, analysis.reader);
  const progress = showProgress(process.stderr, input);
  try {
    return await readInput(input, analysis.reader, progress.read);
  } finally {
    progress.clear();
  }
}

async function inWords(summary: CaptureSummary, inputs: readonly OpenInput[]): Promise<string> {
  const { summaryText } = await import("./pcap/summary-text.ts");
  const { isTTY, columns } = process.stdout;
  const names = inputs.map(({ name }) => name).join(", ");
  return `${summaryText(summary, names, { colour: isTTY === true, ...(columns === undefined ? {} : { columns }) })}\n`;
}

/**
 * Ends quietly when the reader of a pipe has seen enough. Written without streams, which take 2 ms to load; they are for a
 * pipe that has no room and does not wait for some.
 */
async function print(text: string): Promise<void> {
  const bytes = Buffer.from(text);
  let at = 0;
  try {
    while (at < bytes.length) at += writeSync(STDOUT, bytes, at);
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return await printSlowly(bytes.subarray(at));
    if (codeOf(error) !== "EPIPE") throw error;
  }
}

function printSlowly(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.on("error", (error) => (codeOf(error) === "EPIPE" ? resolve() : reject(error)));
    process.stdout.write(bytes, () => resolve());
  });
}
