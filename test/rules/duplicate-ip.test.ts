import { expect, test } from "vitest";
import { compare } from "#src/core/compare.ts";
import type { Vantage } from "#src/core/plan.ts";
import type { Suspicion, Verdict } from "#src/core/rule.ts";
import { openArpAnswers } from "#src/probes/arp-answers.ts";
import { duplicateIp } from "#src/rules/duplicate-ip.ts";
import { cluster, loses, measure, play, type Scene, through, viewOf } from "../core/simulate.ts";
import { because } from "./ask.ts";

const GRAZ = "172.20.7.21";
const macOf = ({ id }: Vantage): string =>
  `aa:00:00:00:00:${[...id]
    .reduce((sum, char) => (sum * 7 + char.charCodeAt(0)) % 256, 1)
    .toString(16)
    .padStart(2, "0")}`;
/** Devices with MAC addresses; `more` puts further addresses on some. */
const devices = (more: (at: Vantage) => readonly string[] = () => []): Pick<Scene, "facts"> => ({
  facts: (at, probe) =>
    probe === "addresses"
      ? JSON.stringify([
          {
            ifname: "eth0",
            mtu: 1500,
            flags: ["LOWER_UP"],
            address: macOf(at),
            addr_info: [at.ip, ...more(at)].map((local) => ({ local, prefixlen: 24 })),
          },
        ])
      : undefined,
});

/** Plays a scene in which `asker` was told who has which address. */
function ask(scene: Scene, asker: string, answers: Readonly<Record<string, readonly string[]>>) {
  const { plan } = play(scene);
  const evidence = measure(plan, scene, viewOf(scene.world ?? cluster(3)));
  const reader = openArpAnswers(`node/${asker}`, plan.window.startMs);
  for (const [ip, macs] of Object.entries(answers))
    reader.push(
      `? ${ip} eth0 ask\n${macs.map((mac) => `Unicast reply from ${ip} [${mac.toUpperCase()}]  0.6ms\n`).join("")}`,
    );
  for (const one of reader.evidence({ nowMs: 0, done: true })) evidence.add(one);
  const said = duplicateIp.evaluate({ plan, evidence, comparison: compare(plan, evidence) });
  const all = Array.isArray(said) ? (said as readonly Suspicion[]) : [];
  const verdict = (all[0] ?? said) as Verdict;
  return {
    verdict,
    brief: all.length > 0 ? all.map(({ where, confidence }) => `${where.name} ${confidence}`).join() : verdict.status,
  };
}

const { plan } = play({ seconds: 5 });
const graz = macOf(plan.vantages.find(({ id }) => id === "node/graz") as Vantage);
const bern = macOf(plan.vantages.find(({ id }) => id === "node/bern") as Vantage);
const stranger = "52:54:00:12:34:56";
const dead: Pick<Scene, "faults"> = { faults: [loses(0.8, through("graz"))] };

test.each<{ name: string; scene: Scene; answers?: Readonly<Record<string, readonly string[]>>; want: string }>([
  {
    name: "another node has the address on its device",
    scene: { ...devices((at) => (at.label === "bern" ? [GRAZ] : [])), ...dead },
    want: "graz certain",
  },
  {
    name: "a stranger answers",
    scene: { ...devices(), ...dead },
    answers: { [GRAZ]: [graz, stranger] },
    want: "graz certain",
  },
  {
    name: "only the stranger answers",
    scene: { ...devices(), ...dead },
    answers: { [GRAZ]: [stranger] },
    want: "graz certain",
  },
  {
    name: "a pod of the same node answers for the target",
    scene: { ...devices(), faults: [loses(0.7, ({ from, to }) => [from, to].includes("shop/api-1"))] },
    answers: { "10.42.1.5": [macOf(plan.vantages.find(({ label }) => label === "shop/api-1") as Vantage), stranger] },
    want: "shop/api-1 certain",
  },
  {
    name: "devices could be read nowhere, and two answer",
    scene: { facts: (_, probe) => (probe === "addresses" ? "[]" : undefined), ...dead },
    answers: { [GRAZ]: [graz, stranger] },
    want: "graz likely",
  },
  // What can fool it.
  { name: "the owner alone answers", scene: { ...devices(), ...dead }, answers: { [GRAZ]: [graz] }, want: "cleared" },
  {
    name: "a stranger answers and nothing is lost",
    scene: devices(),
    answers: { [GRAZ]: [graz, stranger] },
    want: "unknown",
  },
  {
    name: "a proxy answers for everybody",
    scene: { ...devices(), ...dead },
    answers: { [GRAZ]: [stranger], "172.20.7.22": [stranger] },
    want: "cleared",
  },
  {
    name: "Calico's gateway answers",
    scene: { ...devices(), ...dead },
    answers: { [GRAZ]: [graz, "ee:ee:ee:ee:ee:ee"] },
    want: "cleared",
  },
  {
    name: "a router of a pair answers with its virtual address",
    scene: { ...devices(), ...dead },
    answers: { [GRAZ]: [graz, "00:00:5e:00:01:07"] },
    want: "cleared",
  },
  {
    name: "two nodes that are not asked about share an address",
    scene: { ...devices(), ...dead },
    answers: { "172.20.7.22": [bern, stranger], [GRAZ]: [graz] },
    want: "cleared",
  },
])("duplicate-ip says $want when $name", ({ scene, answers = {}, want }) => {
  expect(ask(scene, "ulm", answers).brief).toBe(want);
});

test("it names the second owner and its MAC address", () => {
  const scene = { ...devices((at) => (at.label === "bern" ? [GRAZ] : [])), ...dead };
  const text = because(ask(scene, "ulm", { [GRAZ]: [graz, bern] }).verdict);
  expect(text).toContain(`bern has the address ${GRAZ} of graz too`);
  expect(text).toContain(`asked who has ${GRAZ}, ${bern} answers, which is none of its owner's MAC addresses`);
});
