import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe } from "vitest";
import { processesWith, shells, uniqueSleep } from "#test/support/agent-shell.ts";
import { CHECK, noneLeft, under, unsupervised } from "#test/support/agent-test.ts";

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
      await noneLeft(expect, mark);
      expect(readdirSync(one.state)).toEqual([]);
    }
  });

  test("rm ends a supervisor that leads no process group yet", async ({ one, expect }) => {
    const [mark, late] = [uniqueSleep(), uniqueSleep()];
    one.instead("setsid", `touch "$NETCHECK_STATE/reached"; sleep 0.${late}; exec REAL "$@"`);
    await one.start(CHECK, [{ id: "a", argv: ["sleep", mark] }]);
    const supervisor = one.supervisor(CHECK);
    await expect.poll(() => existsSync(join(one.state, "reached"))).toBe(true);
    await one.task("rm", CHECK);
    expect(processesWith(one.state, "environ")).not.toContain(supervisor);
    expect(readdirSync(one.state)).toEqual(["reached"]);
  });

  test("rm finds a task that was forked and not written down yet", async ({ one, expect }) => {
    const mark = uniqueSleep();
    await one.start(CHECK, [{ id: "a", argv: ["sh", "-c", "trap '' TERM; while :; do sleep $0; done", mark] }]);
    await expect.poll(() => processesWith(`sleep\0${mark}`).length).toBeGreaterThan(0);
    rmSync(join(one.state, CHECK, "a/pid"));
    await one.task("rm", CHECK);
    expect(processesWith(mark)).toEqual([]);
  });

  test("rm finds what a command has started, when its time limit and the supervisor were killed", async ({
    one,
    expect,
  }) => {
    const mark = uniqueSleep();
    await one.start(CHECK, [{ id: "a", argv: ["sh", "-c", "sleep $0; :", mark] }]);
    await expect.poll(() => processesWith(`sleep\0${mark}`).length).toBe(1);
    const [limit = ""] = readFileSync(join(one.state, CHECK, "a/pid"), "utf8").split(" ");
    for (const pid of [Number(limit), one.supervisor(CHECK)]) process.kill(pid, "SIGKILL");
    await expect.poll(() => processesWith(mark).length).toBe(1);
    await one.task("rm", CHECK);
    expect(processesWith(mark)).toEqual([]);
    expect(readdirSync(one.state)).toEqual([]);
  });

  test("a command whose time limit was killed before it ran does not run", async ({ one, expect }) => {
    const mark = uniqueSleep();
    // The second setpriv, which asks to die with `timeout`, comes late.
    const late =
      'case $2 in KILL) touch "$NETCHECK_STATE/reached"; while [ -e "$NETCHECK_STATE/reached" ]; do sleep 0.05; done; esac';
    one.instead("setpriv", late, 'exec REAL "$@"');
    await one.start(CHECK, [{ id: "a", argv: ["sleep", mark] }]);
    await expect
      .poll(() => ["reached", `${CHECK}/a/pid`].every((file) => existsSync(join(one.state, file))))
      .toBe(true);
    process.kill(Number(readFileSync(join(one.state, CHECK, "a/pid"), "utf8").split(" ")[0]), "SIGKILL");
    await expect.poll(() => one.states(CHECK, "a")).toEqual(["done exited"]);
    rmSync(join(one.state, "reached"));
    await noneLeft(expect, mark);
  });

  test("list names the checks; gc deletes old ones that have ended, and only those", async ({ one, expect }) => {
    await one.start("nc-done", [{ id: "a", argv: ["true"] }]);
    await one.start("nc-runs", [{ id: "a", argv: ["sleep", "30"] }]);
    await unsupervised({ one, expect }, "nc-done");
    expect(await one.states("nc-done", "a")).toEqual(["done exited"]);
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
    await unsupervised({ one, expect }, "nc-done");
    // A pause that does not hear what the agent is told, as one that has only just been forked.
    one.instead("sleep", "trap '' TERM INT", 'exec REAL "$@"');
    const child = one.spawn("netcheck-agent", ["0"]);
    await expect.poll(() => readdirSync(one.state)).toEqual([]);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    await expect.poll(() => processesWith(one.state, "environ")).toEqual([]);
  });
});
