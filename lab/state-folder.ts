import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";

const runningSchema = z.object({
  name: z.string(),
  pid: z.number().int(),
  /** Where the owner takes faults: an address on this machine and the token that proves one may read this file. */
  control: z.object({ url: z.string(), token: z.string() }),
  /** For people: full rights on the lab's objects. */
  kubeconfig: z.string(),
  /** What a worker of this lab uses: the rights that netcheck documents, no more. */
  workerKubeconfig: z.string(),
  page: z.string().optional(),
});
export type RunningLab = z.infer<typeof runningSchema>;

const namePattern = /^[a-z0-9][a-z0-9-]{0,30}$/;

/** The data directory of this checkout; everything that outlives a process is below it. */
export function dataFolder(): string {
  return resolve(process.env["NETCHECK_DATA_DIR"] ?? ".netcheck");
}

/** The folder of one lab. Throws on names that are no file name. */
export function labFolder(name: string): string {
  if (!namePattern.test(name)) throw new Error(`"${name}" is no lab name: use letters a-z, digits and dashes`);
  return join(dataFolder(), "labs", name);
}

export function announce(lab: RunningLab): void {
  mkdirSync(labFolder(lab.name), { recursive: true });
  writeFileSync(join(labFolder(lab.name), "running.json"), JSON.stringify(lab), { mode: 0o600 });
}

export function withdraw(name: string): void {
  rmSync(join(labFolder(name), "running.json"), { force: true });
}

/** Removes the folder of a lab that has ended; the log of one that was left running stays, and its folder with it. */
export function removeFolder(name: string): void {
  try {
    rmdirSync(labFolder(name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "ENOENT") throw error;
  }
}

/** The labs of this data directory whose owner is alive. */
export function runningLabs(): RunningLab[] {
  const folder = join(dataFolder(), "labs");
  return entries(folder).flatMap((name) => {
    try {
      const lab = runningSchema.parse(JSON.parse(readFileSync(join(folder, name, "running.json"), "utf8")));
      return alive(lab.pid) ? [lab] : [];
    } catch {
      return [];
    }
  });
}

/** The lab a command means: the named one, or the only one. */
export function findLab(name: string | undefined): RunningLab {
  const labs = runningLabs();
  const found = name === undefined ? labs : labs.filter((lab) => lab.name === name);
  const [lab, another] = found;
  if (lab === undefined)
    throw new Error(
      name === undefined
        ? "No lab is running. Start one: npm run -s lab -- up"
        : `No lab "${name}" is running. Running: ${labs.map((one) => one.name).join(", ") || "none"}`,
    );
  if (another !== undefined)
    throw new Error(`Several labs are running (${found.map((one) => one.name).join(", ")}). Say which: --name NAME`);
  return lab;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
