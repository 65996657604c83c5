import { describe, expect, test } from "vitest";
import { NetcheckError } from "#src/core/errors.ts";
import { judge, lately, type Need } from "#src/readiness.ts";

const there: Need = () => undefined;
const refused: Need = async () => {
  throw new NetcheckError("forbidden", "netcheck may not list pods.");
};
const leaky: Need = async () => {
  throw new Error("connect ECONNREFUSED redis://user:secret@db");
};
const silent: Need = () => new Promise(() => undefined);

describe("a process is ready when nothing is missing", () => {
  test.each<{ needs: Record<string, Need>; ready: boolean; lines: string[] }>([
    { needs: {}, ready: true, lines: [] },
    { needs: { redis: there, slack: async () => undefined }, ready: true, lines: ["[+]redis ok", "[+]slack ok"] },
    { needs: { redis: () => "not yet", slack: there }, ready: false, lines: ["[-]redis: not yet", "[+]slack ok"] },
    { needs: { cluster: refused }, ready: false, lines: ["[-]cluster: netcheck may not list pods."] },
    { needs: { redis: leaky }, ready: false, lines: ["[-]redis: does not answer"] },
    { needs: { redis: silent, slack: there }, ready: false, lines: ["[-]redis: no answer within 5 ms", "[+]slack ok"] },
  ])("$lines", async ({ needs, ready, lines }) => {
    expect(await judge(new Map(Object.entries(needs)), 5)).toEqual({ ready, lines });
  });
});

describe("a need that is asked for lately", () => {
  function world() {
    const state = { nowMs: 1_000_000, asked: 0, fails: false };
    const need = lately(
      async () => {
        state.asked++;
        if (state.fails) throw new NetcheckError("cluster-unreachable", "The API server cannot be reached.");
      },
      { graceMs: 30_000, everyMs: 5_000, nowMs: () => state.nowMs },
    );
    const trouble = async () => (await judge(new Map([["cluster", need]]))).lines[0];
    return { state, trouble };
  }

  test("is there after the first answer, and is not asked by every probe", async () => {
    const { state, trouble } = world();
    for (let n = 0; n < 4; n++) expect(await trouble()).toBe("[+]cluster ok");
    expect(state.asked).toBe(1);
    state.nowMs += 5_000;
    await trouble();
    expect(state.asked).toBe(2);
  });

  test("is not there before the first answer", async () => {
    const { state, trouble } = world();
    state.fails = true;
    expect(await trouble()).toBe("[-]cluster: The API server cannot be reached.");
  });

  test("outlives failures for as long as was given, and comes back with the next answer", async () => {
    const { state, trouble } = world();
    await trouble();
    state.fails = true;
    for (let passedMs = 5_000; passedMs <= 30_000; passedMs += 5_000) {
      state.nowMs += 5_000;
      expect(await trouble()).toBe("[+]cluster ok");
    }
    state.nowMs += 5_000;
    expect(await trouble()).toBe("[-]cluster: The API server cannot be reached.");
    state.fails = false;
    state.nowMs += 5_000;
    expect(await trouble()).toBe("[+]cluster ok");
  });
});
