import { expect, test } from "vitest";
import { diagnose } from "#src/core/diagnose.ts";
import { reportSchema } from "#src/core/report.ts";
import { rules } from "#src/rules/index.ts";
import { captured, hopsFound } from "../rules/capture-scene.ts";
import { play, requestFor } from "./simulate.ts";

test("a report lists what was captured in the order of the path, and how packets fared from tap to tap", () => {
  const { plan, evidence } = play({});
  const all = [
    ...captured(plan, undefined, (order) => ({ droppedByKernel: order === 4 ? 12 : 0, letGo: order === 5 ? 3 : 0 })),
    hopsFound(plan, [{ from: 4, way: "forward", lost: 400, missed: 7 }]),
  ];
  for (const one of all.toReversed()) evidence.add(one);
  const report = diagnose({ request: requestFor(20), plan, evidence, gaps: [], rules });
  expect(() => reportSchema.parse(JSON.parse(JSON.stringify(report)))).not.toThrow();
  expect(report.captures.map(({ point }) => point)).toEqual([
    ...["shop/api-0 eth0", "ulm vethb2", "ulm cni0", "ulm flannel.1", "ulm ens5"],
    ...["graz ens5", "graz flannel.1", "graz cni0", "graz vethb2", "shop/api-1 eth0"],
  ]);
  expect(report.captures[4]).toEqual({
    ...{ node: "ulm", point: "ulm ens5", device: "ens5", packets: 20_000, bytes: 4e6, droppedByKernel: 12 },
    ...{ fromMs: plan.window.startMs, toMs: plan.window.endMs, file: "nc-4f2a/capture-4.pcapng" },
    recordedMs: plan.window.endMs - plan.window.startMs,
  });
  expect(report.captures[5]).toMatchObject({ letGo: 3 });
  expect(report.hops).toHaveLength(18);
  expect(report.hops[8]).toEqual({
    ...{ from: "ulm ens5", to: "graz ens5", direction: "forward" },
    ...{ sent: 10_000, seen: 9_593, lost: 400, missed: 7, delayMs: 0.2 },
  });
  expect(report.coverage.text).toContain(
    "Captured at 10 points, at the least covered one for 100 % of the asked time: 200,000 packets; 12 more were lost by the recorders, 3 files let go.",
  );
});

test("without captures the hops are those that echoes crossed", () => {
  const { report } = play({});
  expect(report.captures).toEqual([]);
  expect(report.hops.length).toBeGreaterThan(0);
  expect(report.hops.every(({ direction }) => direction === undefined)).toBe(true);
  expect(report.coverage.text).not.toContain("Captured");
});

test("a Chinese report of captures is Chinese throughout", () => {
  const { plan, evidence } = play({});
  for (const one of [...captured(plan), hopsFound(plan, [{ from: 2, way: "forward", lost: 400 }])]) evidence.add(one);
  const request = { ...requestFor(20), language: "zh" as const };
  const { causes, coverage } = diagnose({ request, plan, evidence, gaps: [], rules });
  const texts = [coverage.text, ...causes.flatMap(({ title, because, advice }) => [title, ...because, ...advice])];
  expect(texts[1]).toBe("在两个抓包点之间丢包");
  expect(texts.filter((text) => /(?<![\w/.-])[a-z]{2,} [a-z]{2,} [a-z]{2,}(?![\w/])/i.test(text))).toEqual([]);
});
