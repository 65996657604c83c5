import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { diagnose } from "#src/core/diagnose.ts";
import type { Report } from "#src/core/report.ts";
import { inWords } from "#src/core/sentence.ts";
import { chinese } from "#src/core/sentences-zh.ts";
import { dataPlanes } from "#src/probes/data-plane/data-planes.ts";
import { rules } from "#src/rules/index.ts";
import { everyNth, loses, play, requestFor, type Scene, through, toPort } from "./simulate.ts";

const roots = ["../../src/", "../../workers/"].map((root) => new URL(root, import.meta.url));

async function sources(): Promise<string> {
  const texts = await Promise.all(
    roots.map(async (root) => {
      const files = (await readdir(root, { recursive: true })).filter(
        (file) => file.endsWith(".ts") && !file.endsWith("sentences-zh.ts"),
      );
      return Promise.all(files.map((file) => readFile(new URL(file, root), "utf8")));
    }),
  );
  return texts.flat().join("\n");
}

test("no Chinese sentence is left over: somebody says each of them", async () => {
  const source = await sources();
  const counted = new Set(
    [...source.matchAll(/counted\([^;]*?"([^"]+)"(?:,\s*"([^"]+)")?,?\s*\)/g)].flatMap((found) => [
      found[1],
      `${found[1]}s`,
      found[2],
    ]),
  );
  const unsaid = Object.keys(chinese).filter((english) => {
    const noun = /^\{count\} (.+)$/.exec(english)?.[1];
    return !(
      source.includes(JSON.stringify(english)) ||
      source.includes(`'${english}'`) ||
      (noun !== undefined && counted.has(noun))
    );
  });
  // Words of confidence are said by their value.
  expect(unsaid.filter((english) => !["certain", "likely", "possible"].includes(english))).toEqual([]);
});

const graz = through("graz");
const scenes: readonly { readonly name: string; readonly scene: Scene }[] = [
  { name: "a healthy path", scene: {} },
  { name: "a NIC that delays", scene: { faults: [everyNth("graz", 4, [200, 400])] } },
  { name: "a path that loses", scene: { faults: [loses(0.2, graz)] } },
  { name: "a dead path", scene: { faults: [loses(1, graz)] } },
  { name: "a filtered port", scene: { faults: [loses(1, toPort("shop/api-1", 7000))] } },
];

/** Everything that people read of a report, without the commands. */
function textsOf({
  verdict,
  causes,
  cleared,
  unknown,
  gaps,
  coverage,
  charts,
  dataPlanes: said = [],
}: Report): readonly string[] {
  return [
    verdict,
    coverage.text,
    ...causes.flatMap((one) => [one.title, ...one.because, ...one.against, ...one.advice]),
    ...causes.flatMap(({ explains }) => explains.flatMap(({ because }) => because)),
    ...[...cleared, ...unknown].map(({ because }) => because),
    ...gaps.map(({ reason }) => reason),
    ...said.map(({ text }) => text),
    ...charts.flatMap((chart) => {
      const { title, subtitle } = chart;
      if (chart.kind === "latency") return [title, subtitle, ...chart.episodes.map(({ label }) => label)];
      return [title, subtitle, ...(chart.kind === "timeline" ? chart.lanes : chart.points).map(({ label }) => label)];
    }),
  ];
}

/** Three English words in a row, or punctuation of English behind a Chinese character. */
const ENGLISH = /(?<![\w/.-])[a-z]{2,} [a-z]{2,} [a-z]{2,}(?![\w/])/i;
const NARROW = /[\u4e00-\u9fff][,;:?!.(](?!\d)/;

test.each(scenes)("a Chinese report of $name is Chinese throughout", ({ scene }) => {
  const { plan, evidence } = play(scene);
  const request = { ...requestFor(20), language: "zh" as const };
  const planes = dataPlanes({ plan, evidence });
  const texts = textsOf(diagnose({ request, plan, evidence, gaps: plan.gaps, rules, planes }));
  expect(texts.length).toBeGreaterThan(5);
  expect(texts.filter((text) => ENGLISH.test(text))).toEqual([]);
  expect(texts.filter((text) => NARROW.test(text))).toEqual([]);
  expect(texts.join("")).not.toContain("[object");
});

test("Chinese sentences are said with Chinese punctuation, however they were typed", () => {
  const said = (Object.keys(chinese) as (keyof typeof chinese)[]).map((template) =>
    inWords({ template, values: {} }, "zh"),
  );
  expect(said.filter((text) => NARROW.test(text) || /[,;?!] *[\u4e00-\u9fff]/.test(text))).toEqual([]);
});
