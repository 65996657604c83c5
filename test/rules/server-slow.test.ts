import { expect, test } from "vitest";
import { serverSlow } from "#src/rules/server-slow.ts";
import { crossing, delays, loses, play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { answers, noAnswer, program, someOf } from "./http-lines.ts";

const slow = answers(2_900);
const fast = answers(1.3);

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "slow from everywhere, inside its own network too",
    scene: program({ source: slow, node: slow, self: slow }),
    want: "shop/api-1 certain",
  },
  { name: "it never answers", scene: program({ source: noAnswer, self: noAnswer }), want: "shop/api-1 certain" },
  {
    name: "one request in four is slow",
    scene: program({ source: someOf(4, slow, fast), self: someOf(4, slow, fast) }),
    want: "shop/api-1 certain",
  },
  { name: "nothing could be asked inside", scene: program({ source: slow, node: slow }), want: "shop/api-1 likely" },
  {
    name: "slow inside as well, on a path that loses",
    scene: { ...program({ source: slow, self: slow }), faults: [loses(0.2, crossing)] },
    want: "shop/api-1 certain",
  },
  {
    name: "it begins TLS handshakes late",
    scene: program({ source: slow, self: slow }, { mode: "tls" }),
    want: "shop/api-1 certain",
  },
  {
    name: "it waits for the client to speak",
    scene: program({ source: slow, self: slow }, { mode: "hello" }),
    want: "unknown",
  },
  { name: "it answers at once", scene: program({ source: fast, self: fast }), want: "cleared" },
  { name: "nobody asked it", scene: {}, want: "unknown" },
  // What can fool it.
  {
    name: "one request in twelve is slow",
    scene: program({ source: someOf(12, slow, fast), self: someOf(12, slow, fast) }),
    want: "cleared",
  },
  {
    name: "the path delays and nothing could be asked inside",
    scene: {
      ...program({ source: () => "answer 430.100 440.900 871.300 200 0 0 430000 -" }),
      faults: [delays([400, 450], crossing)],
    },
    want: "cleared",
  },
  {
    name: "the path loses and nothing could be asked inside",
    scene: { ...program({ source: answers(900) }), faults: [loses(0.2, crossing)] },
    want: "cleared",
  },
  {
    name: "it is fast inside: something in front of it is slow",
    scene: program({ source: slow, self: fast }),
    want: "cleared",
  },
  {
    name: "only what was asked inside was slow",
    scene: program({ source: fast, self: answers(300) }),
    want: "cleared",
  },
])("server-slow says $want when $name", ({ scene, want }) => {
  expect(ask(serverSlow, scene).brief).toBe(want);
});

test("it says how long, where measured, and that the transport is clean", () => {
  const { verdict } = ask(serverSlow, program({ source: slow, self: slow }));
  expect(because(verdict)).toContain(
    "port 7000 of shop/api-1 accepts connections of shop/api-0 within 0.21 ms, but the first byte of the answer takes 2.9 s (p50), 2.9 s (p99) over 12 requests",
  );
  expect(because(verdict)).toContain("it is not the network: inside the network of shop/api-1 itself");
  expect(because(verdict)).toContain("no segment had to be sent again");
});

test("the whole check names the slow server alone", () => {
  const { report } = play(program({ source: slow, node: slow, self: slow }));
  expect(report.causes.map(({ cause }) => cause)).toEqual(["server-slow"]);
  expect(report.measurements.filter(({ probe }) => probe === "http")).toHaveLength(3);
});
