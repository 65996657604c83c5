import type { LabModel } from "#lab/cluster/model.ts";

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a command in the first container of a pod (`ns/name`), as `kubectl exec` would. */
export async function inPod(lab: LabModel, name: string, argv: readonly string[]): Promise<Ran> {
  const pod = lab.pods.get(name);
  const container = pod?.containers[0];
  if (pod === undefined || container === undefined) throw new Error(`no pod ${name}`);
  const child = lab.exec(pod, container.name, argv);
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  child.stdin?.end();
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, ...output };
}

/** The agent on a node, as `ns/name`. */
export function agentOn(lab: LabModel, node: string): string {
  const pod = [...lab.pods.values()].find((one) => one.node === node && one.owner?.name === "netcheck-agent");
  if (pod === undefined) throw new Error(`no agent on ${node}`);
  return `${pod.namespace}/${pod.name}`;
}

export function ipOf(lab: LabModel, name: string): string {
  const ip = lab.pods.get(name)?.ip ?? lab.nodes.get(name)?.ip;
  if (ip === undefined) throw new Error(`no address of ${name}`);
  return ip;
}

/** Round trips in milliseconds, undefined for lost ones. fping counts a late last answer right, ping does not. */
export async function roundTrips(
  lab: LabModel,
  from: string,
  to: string,
  { count = 12, everyMs = 20, waitMs = 1_500 }: { count?: number; everyMs?: number; waitMs?: number } = {},
): Promise<(number | undefined)[]> {
  const { stderr } = await inPod(lab, from, [
    "fping",
    "-q",
    "-C",
    `${count}`,
    "-p",
    `${everyMs}`,
    "-t",
    `${waitMs}`,
    ipOf(lab, to),
  ]);
  const line = stderr.split("\n").findLast((text) => / : [-\d]/.test(text)) ?? "";
  return (line.split(" : ")[1] ?? "")
    .trim()
    .split(" ")
    .map((word) => (word === "-" ? undefined : Number(word)));
}

export const lost = (trips: readonly (number | undefined)[]): number =>
  trips.filter((trip) => trip === undefined).length;

/** How a TCP connection attempt ends: "open", "refused", "no route" or "timed out". */
export async function connect(lab: LabModel, from: string, host: string, port: number): Promise<string> {
  const { code, stderr } = await inPod(lab, from, ["nc", "-zv", "-w1", host, String(port)]);
  if (code === 0) return "open";
  return /refused|No route|timed out/.exec(stderr)?.[0].toLowerCase() ?? stderr;
}
