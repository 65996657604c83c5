import { expect, test } from "vitest";
import { slowReceiver } from "#src/rules/slow-receiver.ts";
import { type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { answers, noAnswer, program } from "./http-lines.ts";

const source = "10.42.0.5";
const target = "10.42.1.5";
/** What a place's connections look like at its n-th look: lines of `netcheck-connections`. */
type Looks = Readonly<Record<string, (n: number) => readonly string[]>>;

/** Eight looks, 2 s apart, at the connections of a place with the other end. */
function watched(looks: Looks, http: Pick<Scene, "surveys"> = {}): Pick<Scene, "surveys"> {
  return {
    surveys: (at, probe, plan) => {
      const lines = looks[at.label];
      if (probe !== "connections") return http.surveys?.(at, probe, plan);
      if (!lines) return undefined;
      const printed = Array.from({ length: 8 }, (_, n) => {
        const shown = lines(n);
        return [`@ ${startOf + n * 2_000} ${shown.length} ${shown.length}`, ...shown].join("\n");
      });
      return `${printed.join("\n")}\n`;
    },
  };
}

const stopped = (n: number, local = `${source}:41000`, peer = `${target}:7000`): string =>
  `c ESTAB ${local} ${peer} 0 31958 persist rtt=0.3 busy=${60_000 + n * 2_000} rwnd_limited=${59_000 + n * 2_000} notsent=31958`;
const unread = (bytes: number, port = 41_000, state = "ESTAB"): string =>
  `c ${state} ${target}:7000 ${source}:${port} ${bytes} 0 - rtt=0.2 bytes_received=${bytes}`;
const flows = (n: number): string =>
  `c ESTAB ${source}:41000 ${target}:7000 0 ${(n % 2) * 8_192} - rtt=0.3 busy=${n * 2_000} rwnd_limited=${n * 100}`;

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "bytes lie unread and the sender meets a closed window",
    scene: watched({ "shop/api-0": (n) => [stopped(n)], "shop/api-1": () => [unread(5_592)] }),
    want: "shop/api-1 certain",
  },
  {
    name: "the source does not read what the target sends",
    scene: watched({
      "shop/api-0": () => [`c ESTAB ${source}:41000 ${target}:7000 5592 0 - rtt=0.2`],
      "shop/api-1": (n) => [stopped(n, `${target}:7000`, `${source}:41000`)],
    }),
    want: "shop/api-0 certain",
  },
  {
    name: "many short requests lie there and none is answered",
    scene: watched(
      { "shop/api-1": () => [unread(98, 41_000, "CLOSE-WAIT"), unread(98, 41_002), unread(98, 41_004)] },
      program({ source: noAnswer, self: noAnswer }),
    ),
    want: "shop/api-1 likely",
  },
  {
    name: "both ends read",
    scene: watched({ "shop/api-0": (n) => [flows(n)], "shop/api-1": () => [unread(0)] }),
    want: "cleared",
  },
  {
    name: "there were no connections",
    scene: watched({ "shop/api-0": () => [], "shop/api-1": () => [] }),
    want: "unknown",
  },
  // What can fool it.
  {
    name: "requests lie there for a while, but are answered",
    scene: watched(
      { "shop/api-1": () => [unread(98), unread(98, 41_002)] },
      program({ source: answers(3_000), self: answers(3_000) }),
    ),
    want: "cleared",
  },
  {
    name: "requests lie there and ours are not answered, but somebody is being answered",
    scene: watched(
      {
        "shop/api-1": () => [
          ...[41_000, 41_002, 41_004].map((port) => unread(98, port)),
          `c ESTAB ${target}:7000 ${source}:41006 0 65 - rtt=0.2`,
        ],
      },
      program({ source: noAnswer, self: noAnswer }),
    ),
    want: "cleared",
  },
  {
    name: "what lies unread is another piece each time",
    scene: watched({ "shop/api-0": (n) => [flows(n)], "shop/api-1": (n) => [unread(n % 2 === 0 ? 4_000 : 0)] }),
    want: "cleared",
  },
  {
    name: "only the other side's goodbye is unread",
    scene: watched({ "shop/api-1": () => [unread(1, 41_000, "CLOSE-WAIT"), unread(1, 41_002, "CLOSE-WAIT")] }),
    want: "cleared",
  },
  {
    name: "the window was closed long before the check, not during it",
    scene: watched({
      "shop/api-0": () => [`c ESTAB ${source}:41000 ${target}:7000 0 0 - rtt=0.3 busy=60000 rwnd_limited=59000`],
      "shop/api-1": () => [unread(0)],
    }),
    want: "cleared",
  },
  {
    name: "another port of the pod does not read",
    scene: watched({
      "shop/api-0": (n) => [stopped(n, `${source}:41000`, `${target}:7777`)],
      "shop/api-1": () => [unread(5_592).replace(`${target}:7000`, `${target}:7777`)],
    }),
    want: "cleared",
  },
  {
    name: "nobody takes connections out of a full accept queue",
    scene: {
      ...watched({ "shop/api-0": (n) => [stopped(n)], "shop/api-1": () => [unread(98), unread(98, 41_002)] }),
      facts: (at, probe) =>
        probe === "listeners" && at.label === "shop/api-1"
          ? "LISTEN 3      2          0.0.0.0:7000       0.0.0.0:*\n"
          : undefined,
    },
    want: "cleared",
  },
])("slow-receiver says $want when $name", ({ scene, want }) => {
  expect(ask(slowReceiver, scene).brief).toBe(want);
});

test("it says how much lies where, and how long the sender was stopped", () => {
  const scene = watched({ "shop/api-0": (n) => [stopped(n)], "shop/api-1": () => [unread(5_592)] });
  const said = because(ask(slowReceiver, scene).verdict);
  expect(said).toContain(
    "1 connection with shop/api-0 on port 7000 had bytes unread for 3 s or longer, up to 5,592 bytes for 14 s",
  );
  expect(said).toContain("stopped shop/api-0 for 100 % of the time in which it had something to send (14 s of 14 s)");
});
