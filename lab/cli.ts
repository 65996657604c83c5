import { fork } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parse as parseYaml } from "yaml";
import { askControl, parseFault, parseFaults } from "./control.ts";
import { runScenarios } from "./run.ts";
import { findLab, labFolder, type RunningLab, runningLabs } from "./state-folder.ts";

const usage = `Usage: npm run -s lab -- <command>
  up [FILE] [--name NAME]       start a lab cluster (FILE: a topology) and leave it running; the last line is its KUBECONFIG
  down [--name NAME]            remove it, with everything in it
  list                          the labs that are running
  fault add '<fault>'           break something: '{ kind: delay, node: node-2, every: 4, delayMs: [200, 400] }'
  fault list | fault clear      what is broken; mend it all
  run FILE… [--json]            play scenario files through the whole product, one JSON line each
      [--vary SEED]             … with other names, data planes and strengths of the faults, drawn from SEED
      [--keep FOLDER]           … and keep every check there, for netcheck replay
`;

class UsageError extends Error {}

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      name: { type: "string" },
      json: { type: "boolean" },
      vary: { type: "string" },
      keep: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    say(usage);
    return values.help ? 0 : 2;
  }
  switch (command) {
    case "up":
      return up(values.name ?? "default", rest[0]);
    case "down":
      return down(values.name);
    case "list":
      for (const lab of runningLabs()) console.log(JSON.stringify({ name: lab.name, kubeconfig: lab.kubeconfig }));
      return 0;
    case "fault":
      return fault(rest, values.name);
    case "run":
      if (rest.length === 0) throw new UsageError("run needs at least one scenario file");
      return runScenarios(rest, { seed: seedOf(values.vary), keep: values.keep });
    default:
      throw new UsageError(`"${command}" is no lab command`);
  }
}

function seedOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--vary needs a whole number, not "${text}"`);
  return Number(text);
}

async function up(name: string, file: string | undefined): Promise<number> {
  const already = runningLabs().find((lab) => lab.name === name);
  if (already !== undefined) {
    say(`Lab "${name}" is running already (process ${already.pid}).`);
    console.log(already.kubeconfig);
    return 0;
  }
  const started = performance.now();
  const lab = await startDaemon(name, file);
  say(
    `Lab "${name}" is up after ${((performance.now() - started) / 1000).toFixed(1)} s. Try: kubectl get pods -A -o wide`,
  );
  console.log(lab.kubeconfig);
  return 0;
}

/** The daemon leaves our session and terminal, so that it outlives this command; its log is in the lab's folder. */
function startDaemon(name: string, file: string | undefined): Promise<RunningLab> {
  const folder = labFolder(name);
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, "owner.log"), "a");
  const child = fork(new URL("daemon.ts", import.meta.url), [name, ...(file === undefined ? [] : [file])], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  return new Promise((resolve, reject) => {
    child.once("message", (message: { ready?: RunningLab; failed?: string }) => {
      if (message.ready !== undefined) resolve(message.ready);
      else reject(new Error(message.failed));
      child.unref();
    });
    child.once("exit", (code, signal) =>
      reject(new Error(`the lab's owner ended (${signal ?? code}); see ${join(folder, "owner.log")}`)),
    );
  });
}

async function down(name: string | undefined): Promise<number> {
  if (name === undefined && runningLabs().length === 0) {
    say("No lab is running.");
    return 0;
  }
  const lab = findLab(name);
  await askControl(lab.control, { method: "POST", path: "/down" });
  await gone(lab.pid);
  say(`Lab "${lab.name}" is gone.`);
  return 0;
}

/** A process that is not our child cannot be waited for, only looked at. */
async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`process ${pid} does not end`);
}

async function fault([verb, text]: readonly string[], name: string | undefined): Promise<number> {
  const { control } = findLab(name);
  switch (verb) {
    case "add": {
      if (text === undefined) throw new UsageError("fault add needs a fault, as in a scenario file");
      const added = parseFault(await askControl(control, { method: "POST", path: "/faults", body: parseYaml(text) }));
      console.log(JSON.stringify(added));
      return 0;
    }
    case "list":
      for (const one of parseFaults(await askControl(control, { method: "GET", path: "/faults" })))
        console.log(JSON.stringify(one));
      return 0;
    case "clear":
      await askControl(control, { method: "DELETE", path: "/faults" });
      return 0;
    default:
      throw new UsageError(`"fault ${verb ?? ""}" is no lab command`);
  }
}

if (import.meta.main)
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      say(error instanceof Error ? error.message : String(error));
      if (error instanceof UsageError) say(usage);
      process.exitCode = 2;
    },
  );
