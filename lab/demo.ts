import { parseArgs } from "node:util";
import { loadScenario } from "./cluster/scenario.ts";
import { channelNamed, type Played, playCommand, type ThreadMessage } from "./play.ts";
import { type Session, startSession } from "./session.ts";

const PAGE_PORT = 8930;
const scenarioFile = new URL("scenarios/s0-uplink-every-4th.yaml", import.meta.url).pathname;

const say = (text = ""): boolean => process.stderr.write(`${text}\n`);

/**
 * The demo: a cluster in which every 4th packet through node-2's NIC is late, a Slack, netcheck between them, and one
 * check opened as a user would. `--once` ends after that check; `--json` prints one document on stdout.
 */
async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { once: { type: "boolean" }, json: { type: "boolean" }, port: { type: "string" } },
  });
  const { promise: stop, resolve: onStop } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => onStop());
  const scenario = await loadScenario(scenarioFile);
  say("Starting a lab cluster, a lab Slack and netcheck …");
  await using session = await startSession({
    name: "demo",
    topology: scenario.topology,
    slackPort: values.once ? 0 : Number(values.port ?? PAGE_PORT),
    onDown: onStop,
  });
  for (const fault of scenario.faults)
    say(`Broken on purpose: ${(await session.lab.cluster.fault.add(fault)).description}`);
  say(`Typing into #network: /netcheck ${scenario.command}`);
  if (!values.once) say(`Watch it at ${pageOf(session)}`);
  const ended = stop.then(() => undefined);
  const played = await Promise.race([playCommand(session, scenario.command, { timeoutMs: scenario.timeoutMs }), ended]);
  if (played === undefined) return 0;
  if (values.json) process.stdout.write(`${JSON.stringify({ scenario: scenario.scenario, ...document(played) })}\n`);
  else process.stdout.write(`\n${threadText(played)}\n`);
  if (values.once) return 0;
  invite(session);
  await stop;
  return 0;
}

function document({ report, thread, timings }: Played): Omit<Played, "check"> {
  return { report, thread, timings };
}

/** The thread as plain text, replies indented, files as paths. */
function threadText({ thread, timings }: Played): string {
  const lines = thread.map((message, index) => messageText(message, index === 0 ? "" : "    "));
  const first = timings.firstFindingMs === undefined ? "none" : `after ${(timings.firstFindingMs / 1000).toFixed(1)} s`;
  return [
    ...lines,
    `Acknowledged after ${timings.ackMs} ms, first finding ${first}, whole report after ${(timings.reportMs / 1000).toFixed(1)} s.`,
  ].join("\n\n");
}

function messageText(message: ThreadMessage, indent: string): string {
  return [message.text, ...message.files.map((file) => `[${file}]`)].join("\n").replaceAll(/^/gm, indent);
}

/** The page with the channel open in which the check runs. */
function pageOf({ slack }: Session): string {
  return `${slack.url}/#/${channelNamed(slack, "network")}`;
}

function invite(session: Session): void {
  say(`
The lab stays up. Things to try:
  ${pageOf(session)}  the lab Slack: type /netcheck web-0 db-0 30s in #network
  npm run -s lab -- fault add '{ kind: loss, node: node-3, percent: 10 }'
  npm run -s lab -- fault clear
  KUBECONFIG=${session.lab.running.kubeconfig} kubectl get pods -A -o wide
Ctrl-C removes everything.`);
}

if (import.meta.main)
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      say(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    },
  );
