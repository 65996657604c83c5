import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe } from "vitest";
import { frameReader } from "#src/core/readings.ts";
import { type AgentShell, processesWith, uniqueSleep } from "#test/support/agent-shell.ts";
import { under } from "#test/support/agent-test.ts";

type Frame = { readonly index: number; readonly atMs: number; readonly exitCode: number; readonly stdout: string };

/**
 * Runs netcheck-read until `enough` says so, sends a signal to its process group, as the `timeout` around a node task does, and
 * returns all frames and how long the end took.
 */
async function readings(
  one: AgentShell,
  words: readonly string[],
  enough: (frames: readonly Frame[]) => boolean,
  signal: NodeJS.Signals = "SIGTERM",
): Promise<{ frames: Frame[]; before: number; endMs: number; code: number | null }> {
  const frames: Frame[] = [];
  const child = one.spawn("netcheck-read", words, { detached: true });
  const read = frameReader(({ index, sample }) => frames.push({ index, ...sample }));
  child.stdout?.on("data", (chunk: Buffer) => read(chunk.toString("latin1")));
  while (!enough(frames)) await sleep(20);
  const before = frames.length;
  const began = performance.now();
  process.kill(-(child.pid ?? Number.NaN), signal);
  const [code] = (await once(child, "close")) as [number | null];
  return { frames, before, endMs: performance.now() - began, code };
}

const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // it has just ended
  }
};
/** The command itself runs, not only what leads to it. */
const sleeps = (mark: string) => processesWith(`sleep\0${mark}\0`).some((pid) => commandLine(pid).startsWith("sleep"));
const node = (...argv: string[]) => ["--read", "node", String(argv.length), ...argv];

describe.concurrent("netcheck-read", () => {
  const test = under("dash");

  test("repeats in rounds on one phase, however long a round takes", async ({ one, expect }) => {
    const gaps = (frames: readonly Frame[]) => {
      const starts = frames.filter(({ index }) => index === 0).map(({ atMs }) => atMs);
      return starts.slice(1).map((at, n) => at - (starts[n] ?? 0));
    };
    // If a pause of 1 s followed each round of 0.5 s, no two would begin within less than 1.5 s.
    const { frames } = await readings(one, ["1", ...node("echo", "a"), ...node("sleep", "0.5")], (seen) =>
      gaps(seen).some((gap) => gap < 1_300),
    );
    expect(frames.slice(0, 4).map(({ index }) => index)).toEqual([0, 1, 0, 1]);
  });

  test("the exit code of a helper is right from the first reading on", async ({ one, expect }) => {
    const { frames } = await readings(one, ["60", ...node("netcheck-sockets")], (seen) => seen.length > 0);
    expect(frames[0]).toMatchObject({ index: 0, exitCode: 0 });
  });

  test("takes what is seldom in the first round, in every sixth after it, and in the last", async ({ one, expect }) => {
    const rare = ["--seldom", "node", "2", "echo", "b"];
    const rounds = (frames: readonly Frame[]) => frames.filter(({ index }) => index === 2).length;
    const { frames } = await readings(one, ["1", ...node("echo", "a"), ...rare, ...node("echo", "c")], (seen) =>
      seen.some(({ index }, at) => index === 1 && at > 1),
    );
    const seen = frames.map(({ index }) => index).join("");
    // What was read when the signal came is followed by the last round.
    expect(seen).toMatch(/^0120202020202012(02)*012$/);
    expect(rounds(frames)).toBeGreaterThanOrEqual(8);
  });

  test.for(["SIGTERM", "SIGINT"] as const)(
    "begins at once; takes one last round on %s, before what runs it would kill it",
    async (signal, { one, expect }) => {
      const mark = uniqueSleep();
      const words = ["60", ...node("echo", "a"), ...node("sleep", mark), ...node("echo", "c")];
      // The frame is on its way through a pipe when the next command runs already.
      const enough = (seen: readonly Frame[]) => seen.length > 0 && sleeps(mark);
      const { frames, before, endMs, code } = await readings(one, words, enough, signal);
      expect(before).toBe(1);
      expect(code).toBe(0);
      expect(frames.map(({ index }) => index).slice(0, 4)).toEqual([0, 1, 0, 1]);
      // The first was ended by the signal, the second by the time limit of the last round.
      expect(frames[1]?.exitCode).toBeOneOf([130, 143]);
      expect(frames[3]?.exitCode).toBe(124);
      // `timeout -k 5` around it.
      expect(endMs).toBeLessThan(5_000);
    },
  );

  test("keeps every byte of text, the exit code, and the beginning of an error", async ({ one, expect }) => {
    const words = [
      "60",
      ...node("printf", "a b\\n\\n"),
      ...node("answers"),
      ...node("true"),
      ...node("no-such-program"),
      ...node("printf", "@@ 0 1 0 3\\n"),
    ];
    const { frames } = await readings(one, words, (seen) => seen.length >= 5);
    expect(frames.slice(0, 5).map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual([
      [0, "a b\n\n"],
      [7, "hello\ncareful"],
      [0, ""],
      [127, expect.stringContaining("no-such-program")],
      [0, "@@ 0 1 0 3\n"],
    ]);
  });

  test("cuts what is too long, in time and in bytes", async ({ one, expect }) => {
    const { frames } = await readings(
      one,
      ["60", ...node("flood"), ...node("sleep", "60")],
      (seen) => seen.length >= 2,
    );
    expect(frames[0]).toMatchObject({ exitCode: 141 });
    expect(frames[0]?.stdout.length).toBe(262_144);
    expect(frames[1]).toMatchObject({ exitCode: 124 });
  });

  test("arguments are not interpreted", async ({ one, expect }) => {
    const { frames } = await readings(
      one,
      ["60", ...node("printf", "<%s>", "$(id)", "*", "", "--read")],
      (seen) => seen.length >= 1,
    );
    expect(frames[0]?.stdout).toBe("<$(id)><*><><--read>");
  });

  test.for([
    { words: [] },
    { words: ["5"] },
    { words: ["0", ...node("id")] },
    { words: ["5", "--read", "node", "3", "id"] },
    { words: ["5", "--read", "../x", "1", "id"] },
    { words: ["5", "--other"] },
  ])("refuses $words with exit code 64", async ({ words }, { one, expect }) => {
    expect((await one.run("netcheck-read", words)).code).toBe(64);
  });
});
