const usage = `Usage: npm run -s netcheck -- <command>
  check "<from> <to> [duration]" [--json] [--html FILE] [--save FILE]
                                                          measure from this terminal, without Slack or Redis;
                                                          uses KUBECONFIG, or the running lab
  doctor [--json]                                         say what is wrong in configuration, Slack, Redis, cluster and store
  conformance [--kubeconfig FILE] [--context C] [--json]  try everything on a cluster with pods of its own, and tidy up
  replay FILE… [--json]                                   say what today's rules make of checks that were kept
  pcap FILE… [--json] [--filter "EXPRESSION"] [--flows N] [--write OUT.pcapng]
                                                          say what is wrong in packet captures; - is standard input
  artifact list [CHECK] [--json]                          what is kept of captures, here or in the object store
  artifact get KEY -o FILE                                fetch one of them; - is standard output
The long-running processes are workers/bot.ts, workers/worker.ts and workers/all.ts:
  npm run -s netcheck -- bot | worker | all
`;

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/** What `netcheck` was asked for. Answers the exit code; what goes wrong without a sentence for people is told with its place. */
export async function commandLine(argv: readonly string[]): Promise<number> {
  try {
    return await command(argv);
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 2;
  }
}

/** Each command is imported when it is asked for: reading a small capture takes less time than loading Kubernetes' client. */
async function command(argv: readonly string[]): Promise<number> {
  const at = argv.findIndex((word) => !word.startsWith("-"));
  const name = argv[at];
  const rest = argv.toSpliced(at, 1);
  if (name === "pcap") return (await import("./pcap-command.ts")).pcapCommand(rest);
  if (name === "replay") return (await import("./replay-command.ts")).replayCommand(rest);
  if (name === "check" && !argv.includes("--help")) return (await import("./check-command.ts")).checkCommand(rest);
  if (name === "doctor") return (await import("./doctor-command.ts")).doctorCommand(rest);
  if (name === "conformance") return (await import("./conformance-command.ts")).conformanceCommand(rest);
  if (name === "artifact") return (await import("./artifact-command.ts")).artifactCommand(rest);
  const help = argv.includes("--help") || argv.includes("-h");
  if (!help && name !== undefined) say(`"${name}" is no netcheck command.`);
  say(usage);
  return help ? 0 : 2;
}
