import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { reportSchema } from "#src/core/report.ts";
import { hostTraces, newTraces } from "#test/support/host-traces.ts";

const root = new URL("../..", import.meta.url);

const documentSchema = z.object({
  scenario: z.string(),
  report: reportSchema,
  thread: z.array(
    z.object({ ts: z.string(), text: z.string(), blocks: z.array(z.unknown()), files: z.array(z.string()) }),
  ),
  timings: z.object({ ackMs: z.number(), firstFindingMs: z.number(), reportMs: z.number() }),
});

/** Its own folder for temporary files shows what it leaves there. */
const temporary = mkdtempSync(join(tmpdir(), "demo-test-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const demo = (...args: string[]): ChildProcess =>
  spawn("npm", ["run", "-s", "demo", "--", ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });

test("the demo finds the late packets of node-2's NIC, tells it in a thread and leaves nothing behind", {
  timeout: 240_000,
}, async () => {
  const before = hostTraces();
  // A demo that was killed cannot clear away its own.
  const labFolder = new URL(".netcheck/labs/demo", root);
  rmSync(labFolder, { recursive: true, force: true });
  const child = demo("--once", "--json");
  child.stderr?.resume();
  if (child.stdout === null) throw new Error("no stdout");
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  expect(code).toBe(0);
  const { report, thread, timings } = documentSchema.parse(JSON.parse(output));

  expect(report.causes[0]).toMatchObject({ cause: "nic-periodic-delay", where: { kind: "node", name: "node-2" } });
  expect(report.causes[0]?.because.join(" ")).toMatch(/1 in 4/);
  expect(report.causes).toHaveLength(1);
  expect(thread.length).toBeGreaterThanOrEqual(4);
  const pictures = thread.flatMap((message) => message.files).filter((file) => file.endsWith(".png"));
  expect(pictures.length).toBeGreaterThan(0);
  for (const picture of pictures) expect(readFileSync(picture).subarray(1, 4).toString()).toBe("PNG");
  expect(timings.ackMs).toBeLessThan(300);
  expect(timings.firstFindingMs).toBeLessThan(15_000);
  await expect.poll(() => newTraces(before), { timeout: 20_000, interval: 200 }).toEqual([]);
  expect(existsSync(labFolder)).toBe(false);
  // npm keeps its own compiled code there.
  expect(readdirSync(temporary).filter((name) => name !== "node-compile-cache")).toEqual([]);
});

test("a demo that is killed in the middle leaves nothing on the host", { timeout: 120_000 }, async () => {
  const before = hostTraces();
  const child = demo("--once");
  const measuring = new Promise<void>((resolve) => {
    child.stderr?.on("data", (part: Buffer) => {
      if (part.toString().includes("Typing into")) resolve();
    });
  });
  await measuring;
  const owner = deepestChild(child.pid ?? 0);
  expect(commandOf(owner)).toMatch(/node .*lab\/demo\.ts --once/);
  expect(commandOf(owner)).not.toContain("setup.mjs");
  process.kill(owner, "SIGKILL");
  await once(child, "exit");
  await expect.poll(() => newTraces(before), { timeout: 20_000, interval: 200 }).toEqual([]);
});

/** npm starts a shell, that the set-up script, that the demo: the last of that line owns the lab. */
function deepestChild(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  const next = children.map(Number).find((child) => commandOf(child).includes("lab/demo.ts"));
  return next === undefined ? pid : deepestChild(next);
}

/** Its name would not do: Node calls its main thread by what it is. */
function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}
