import { expect, test } from "vitest";
import { resetByMiddle } from "#src/rules/reset-by-middle.ts";
import { resetByPeer } from "#src/rules/reset-by-peer.ts";
import { type Scene, startOf } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { answers, isReset, program, someOf } from "./http-lines.ts";

const lives = answers(1.2);
/** Resets that the target's kernel counts, per second. */
const sends = (perSecond: number): Pick<Scene, "facts"> => ({
  facts: (at, probe, atMs) =>
    probe === "counters" && at.label === "shop/api-1"
      ? `{"kernel":{"IpInReceives":100,"TcpOutRsts":${40 + Math.round(((atMs - startOf) / 1_000) * perSecond)}}}`
      : undefined,
});

/** How often the target refused what was asked from 32 source ports. */
const refusals = (count: number): Pick<Scene, "surveys"> => ({
  surveys: (at, probe) =>
    probe === "source-ports" && at.label === "shop/api-0"
      ? `# 10.42.1.5 9 refused\n33001 ${count} ${count}\n`
      : undefined,
});
const merged = (one: Pick<Scene, "surveys">, other: Pick<Scene, "surveys">, rest: Scene): Scene => ({
  ...rest,
  surveys: (...asked) => one.surveys?.(...asked) ?? other.surveys?.(...asked),
});

test.each<{ name: string; scene: Scene; peer: string; middle: string }>([
  {
    name: "its own network is reset too",
    scene: { ...program({ source: isReset, self: isReset }), ...sends(2) },
    peer: "shop/api-1 certain",
    middle: "cleared",
  },
  {
    name: "its kernel sent the resets, to strangers only",
    scene: { ...program({ source: isReset, self: lives }), ...sends(2) },
    peer: "shop/api-1 likely",
    middle: "cleared",
  },
  {
    name: "it sent none and is fine inside; so are its neighbours",
    scene: { ...program({ source: isReset, node: lives, beside: lives, self: lives }), ...sends(0) },
    peer: "cleared",
    middle: "ulm>graz certain",
  },
  {
    name: "it sent none, but the pod beside it is reset as well",
    scene: { ...program({ source: isReset, node: lives, beside: isReset, self: lives }), ...sends(0) },
    peer: "cleared",
    middle: "graz certain",
  },
  {
    name: "it sent only the refusals that the check asked of it",
    scene: merged(program({ source: isReset, beside: isReset, self: lives }), refusals(200), sends(10)),
    peer: "cleared",
    middle: "graz certain",
  },
  {
    name: "every third connection is reset",
    scene: { ...program({ source: someOf(3, isReset, lives), self: someOf(3, isReset, lives) }), ...sends(1) },
    peer: "shop/api-1 certain",
    middle: "cleared",
  },
  // What can fool them.
  { name: "all live", scene: program({ source: lives, self: lives }), peer: "cleared", middle: "cleared" },
  {
    name: "one connection of twelve was reset",
    scene: program({ source: someOf(12, isReset, lives), self: lives }),
    peer: "cleared",
    middle: "cleared",
  },
  {
    name: "the resets of others are counted, ours live",
    scene: { ...program({ source: lives, self: lives }), ...sends(20) },
    peer: "cleared",
    middle: "cleared",
  },
])("$name: peer $peer, middle $middle", ({ scene, peer, middle }) => {
  expect(ask(resetByPeer, scene).brief).toBe(peer);
  expect(ask(resetByMiddle, scene).brief).toBe(middle);
});

test("it counts the resets and says who sent them", () => {
  const scene = { ...program({ source: isReset, self: isReset }), ...sends(2) };
  const said = because(ask(resetByPeer, scene).verdict);
  expect(said).toContain(
    "12 of 12 connections from shop/api-0 to port 7000 of shop/api-1 are reset within 0.9 ms of the handshake (100 %)",
  );
  expect(said).toMatch(/the kernel of shop\/api-1 sent \d+ resets during the check/);
});
