import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe } from "vitest";
import { processesWith, shells, uniqueSleep } from "#test/support/agent-shell.ts";
import { CHECK, noneLeft, under } from "#test/support/agent-test.ts";

describe.concurrent.each(shells)("what netcheck-task leaves behind, under %s", (shell) => {
  const test = under(shell);

  test("rm leaves neither process nor file, whatever the command ignores", async ({ one, expect }) => {
    const mark = uniqueSleep();
    const stubborn = [
      "sh",
      "-c",
      "trap '' TERM INT HUP; (trap '' TERM INT; sleep $0) & while :; do sleep $0; done",
      mark,
    ];
    await one.start(CHECK, [
      { id: "a", argv: stubborn },
      { id: "b", argv: ["forever"] },
      { id: "c", argv: ["sleep", mark] },
    ]);
    await expect.poll(() => processesWith(mark).length).toBeGreaterThan(3);
    expect(JSON.parse((await one.task("rm", CHECK)).stdout.toString())).toEqual({ removed: true });
    expect(processesWith(mark)).toEqual([]);
    expect(processesWith(one.state, "environ")).toEqual([]);
    expect(readdirSync(one.state)).toEqual([]);
  });

  test("rm at any moment of a start leaves nothing", async ({ one, expect }) => {
    for (const delayMs of [0, 5, 10, 20, 40, 80]) {
      const mark = uniqueSleep();
      await one.start(
        CHECK,
        ["a", "b", "c"].map((id) => ({ id, argv: ["sleep", mark] })),
      );
      await sleep(delayMs);
      await one.task("rm", CHECK);
      await noneLeft(expect, mark, 1_500);
      expect(readdirSync(one.state)).toEqual([]);
    }
  });

  test("list names the checks; gc deletes old ones that have ended, and only those", async ({ one, expect }) => {
    await one.start("nc-done", [{ id: "a", argv: ["true"] }]);
    await one.start("nc-runs", [{ id: "a", argv: ["sleep", "30"] }]);
    await expect
      .poll(async () => (await one.sync("nc-done", { a: 0 })).tasks[0]?.state, { timeout: 4_000 })
      .toBe("done");
    await expect.poll(() => processesWith("supervise\0nc-done").length).toBe(0);
    const checks = async () => {
      const { stdout } = await one.task("list");
      return JSON.parse(stdout.toString()).checks.map(({ check, running, tasks }: Record<string, unknown>) => ({
        check,
        running,
        tasks,
      }));
    };
    await expect.poll(checks).toEqual([
      { check: "nc-done", running: false, tasks: 1 },
      { check: "nc-runs", running: true, tasks: 1 },
    ]);
    expect(JSON.parse((await one.task("gc", 1)).stdout.toString())).toEqual({ deleted: 0 });
    expect(JSON.parse((await one.task("gc", 0)).stdout.toString())).toEqual({ deleted: 1 });
    expect(await checks()).toEqual([{ check: "nc-runs", running: true, tasks: 1 }]);
    expect(await one.states("nc-runs", "a")).toEqual(["running"]);
  });

  test("the agent deletes at its start what nobody has asked for, and ends when it is told to", async ({
    one,
    expect,
  }) => {
    await one.start("nc-done", [{ id: "a", argv: ["true"] }]);
    await expect.poll(() => processesWith("supervise\0nc-done").length, { timeout: 4_000 }).toBe(0);
    const child = one.spawn("netcheck-agent", ["0"]);
    await expect.poll(() => readdirSync(one.state)).toEqual([]);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    await expect.poll(() => processesWith(one.state, "environ")).toEqual([]);
  });
});
