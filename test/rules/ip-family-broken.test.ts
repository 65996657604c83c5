import { expect, test } from "vitest";
import { ipFamilyBroken } from "#src/rules/ip-family-broken.ts";
import { cluster, loses, type Packet, play, type Scene, startOf, type World } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

const three = cluster(3);
/** All pods have both families, but for some. */
const world = (...without: readonly string[]): World => ({
  ...three,
  pods: three.pods.map((pod, n) => (without.includes(pod.name) ? pod : { ...pod, ips: [pod.ip, `fd00:42::${n + 5}`] })),
});
/** What ping prints when so many of twenty echoes are answered. */
const echoes =
  (answered: number, error?: string): NonNullable<Scene["surveys"]> =>
  (_, probe) =>
    probe === "other-family"
      ? `PING fd00:42::8 (fd00:42::8) 56 data bytes\n${Array.from({ length: 20 }, (_each, n) => {
          const stamp = `[${((startOf + n * 1_000) / 1_000).toFixed(6)}]`;
          if (n < answered) return `${stamp} 64 bytes from fd00:42::8: icmp_seq=${n + 1} ttl=62 time=0.3 ms`;
          return error
            ? `${stamp} From fd00:42::1 icmp_seq=${n + 1} ${error}`
            : `${stamp} no answer yet for icmp_seq=${n + 1}`;
        }).join("\n")}\n`
      : undefined;
const pair = "shop/api-0>shop/api-1";
const dead = loses(1, ({ leg }: Packet) => leg.id === "pod/shop/api-0>pod/shop/api-1");

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "no echo of IPv6 is answered, and IPv4 works",
    scene: { world: world(), surveys: echoes(0) },
    want: `${pair} likely`,
  },
  {
    name: "no echo of IPv4 is answered, and IPv6 works",
    scene: { world: world(), surveys: echoes(20), faults: [dead] },
    want: `${pair} likely`,
  },
  // What can fool it.
  { name: "both work", scene: { world: world(), surveys: echoes(20) }, want: "cleared" },
  { name: "neither works", scene: { world: world(), surveys: echoes(0), faults: [dead] }, want: "cleared" },
  { name: "a part of IPv6 is lost", scene: { world: world(), surveys: echoes(12) }, want: "cleared" },
  { name: "the target has IPv4 only", scene: { world: world("shop/api-1"), surveys: echoes(0) }, want: "cleared" },
  { name: "the source has IPv4 only", scene: { world: world("shop/api-0"), surveys: echoes(0) }, want: "cleared" },
  {
    name: "little was sent so far",
    scene: {
      world: world(),
      surveys: (at, probe, plan) => echoes(0)(at, probe, plan)?.split("\n").slice(0, 4).join("\n").concat("\n"),
    },
    want: "unknown",
  },
])("ip-family-broken says $want when $name", ({ scene, want }) => {
  expect(ask(ipFamilyBroken, scene).brief).toBe(want);
});

test("it says which family, and what came back", () => {
  const scene: Scene = { world: world(), surveys: echoes(0, "Destination unreachable: No route") };
  const text = because(ask(ipFamilyBroken, scene).verdict);
  expect(text).toContain("IPv6 does not work from shop/api-0 to shop/api-1 (fd00:42::8): 0 of 20 echoes answered");
  expect(text).toContain("what came back: fd00:42::1 Destination unreachable: No route");
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["ip-family-broken"]);
});
