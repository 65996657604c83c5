import { test as base, type ExpectStatic } from "vitest";
import { AgentShell, processesWith, type shells } from "./agent-shell.ts";

/** The check that the tests of the scripts use. */
export const CHECK = "nc-4f2a";

/** Tests of one shell, each with a state folder of its own. They run side by side and mostly wait. */
export const under = (shell: (typeof shells)[number]) =>
  base.extend<{ one: AgentShell }>({
    // biome-ignore lint/correctness/noEmptyPattern: vitest finds out from it that no other fixture is needed
    one: async ({}, use) => {
      using made = new AgentShell(shell);
      await use(made);
    },
  });

export const allEnded = ({ one, expect }: { one: AgentShell; expect: ExpectStatic }, ...ids: string[]) =>
  expect
    .poll(async () => (await one.states(CHECK, ...ids)).every((state) => state.startsWith("done")), { timeout: 30_000 })
    .toBe(true);
/** Waits until no process with a mark is left: by default as long as a busy machine may need to end it. */
export const noneLeft = (expect: ExpectStatic, mark: string, timeout = 20_000) =>
  expect.poll(() => processesWith(mark), { timeout }).toEqual([]);
/** Waits until the supervisor of a check has ended by itself. Others may look after a check of the same name. */
export const unsupervised = ({ one, expect }: { one: AgentShell; expect: ExpectStatic }, check: string) => {
  const pid = one.supervisor(check);
  return expect.poll(() => processesWith(one.state, "environ").includes(pid)).toBe(false);
};
