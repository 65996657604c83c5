import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Each command is imported when it is asked for: reading a small capture takes less time than loading Kubernetes' client.
// What was imported before is kept as machine code, which saves a quarter of a second of removing types.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/netcheck"));

const usage = `Usage: npm run -s netcheck -- <command>
  check "<from> <to> [duration]" [--json] [--html FILE]   measure from this terminal, without Slack or Redis;
                                                          uses KUBECONFIG, or the running lab
  pcap FILE… [--json] [--filter "EXPRESSION"] [--flows N] [--write OUT.pcapng]
                                                          say what is wrong in packet captures; - is standard input
The long-running processes are workers/bot.ts, workers/worker.ts and workers/all.ts:
  npm run -s netcheck -- bot | worker | all
`;

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/** Answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const at = argv.findIndex((word) => !word.startsWith("-"));
  const command = argv[at];
  const rest = argv.toSpliced(at, 1);
  if (command === "pcap") return (await import("./pcap-command.ts")).pcapCommand(rest);
  if (command === "check" && !argv.includes("--help")) return (await import("./check-command.ts")).checkCommand(rest);
  const help = argv.includes("--help") || argv.includes("-h");
  if (!help && command !== undefined) say(`"${command}" is no netcheck command.`);
  say(usage);
  return help ? 0 : 2;
}

if (import.meta.main)
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exitCode = 2;
    },
  );
