import { expect, test } from "vitest";
import type { Chart, Report } from "#src/core/report.ts";
import { chartComment, picturesOf } from "#src/report/chart-words.ts";
import { LIMITS } from "#src/report/limits.ts";
import { renderHtml } from "#src/report/page.ts";
import { drawReplies } from "#src/report/replies.ts";
import { renderText } from "#src/report/terminal.ts";
import { columns } from "#src/report/width.ts";
import { wordings } from "#src/report/words.ts";
import { ladders, timelines } from "#test/support/sample-pictures.ts";
import { charts, reports, sampleRequest } from "#test/support/sample-reports.ts";

const ladder = (name: string): Chart => ladders[name] as Chart;
const timeline = (name: string): Chart => timelines[name] as Chart;
const withCharts = (...all: readonly Chart[]): Report => ({ ...reports.loss, charts: [...all] });

test.each<{ name: string; charts: readonly Chart[]; want: string }>([
  { name: "a latency chart alone", charts: [charts.loss], want: "latency" },
  { name: "a ladder with loss", charts: [charts.loss, ladder("ten-points-two-hops")], want: "hops latency" },
  { name: "a clean ladder", charts: [charts.loss, ladder("four-points-clean")], want: "latency hops" },
  { name: "a time line", charts: [charts.loss, timeline("ten-minutes")], want: "timeline latency" },
  { name: "all with loss", charts: [charts.loss, ladder("unsure"), timeline("night")], want: "hops timeline" },
  {
    name: "all without loss",
    charts: [charts.loss, ladder("four-points-clean"), timeline("night")],
    want: "timeline latency",
  },
  { name: "none", charts: [], want: "" },
])("of $name a thread shows: $want", ({ charts: all, want }) => {
  expect(
    picturesOf(all)
      .map(({ kind }) => kind)
      .join(" "),
  ).toBe(want);
});

test.each(["en", "zh"] as const)(
  "two pictures are two files with a caption each, within Slack's limits (%s)",
  (language) => {
    const report = withCharts(charts.loss, ladder("long-names"), timeline("night"));
    const replies = drawReplies({ request: sampleRequest, report, wording: wordings[language] });
    const pictures = replies.filter((reply) => reply.kind === "chart");
    expect(pictures.map(({ key, fileName }) => [key, fileName])).toEqual([
      ["chart", "nc-4f2a-hops.png"],
      ["chart-2", "nc-4f2a-timeline.png"],
    ]);
    for (const { comment, altText } of pictures) {
      expect(comment.length).toBeLessThanOrEqual(LIMITS.section);
      expect(altText.length).toBeLessThanOrEqual(LIMITS.altText);
    }
    expect(new Set(replies.map(({ key }) => key)).size).toBe(replies.length);
  },
);

test.each<[string, Chart, string]>([
  [
    "a hop with loss",
    ladder("six-points-one-hop"),
    "Hop by hop from shop/web-0 to shop/db-0 and back: 3.1 % lost from node-2 cni0 to node-1 cni0 (312 of 10,000); 9 clean.",
  ],
  [
    "no loss",
    ladder("four-points-clean"),
    "Hop by hop from shop/web-0 to shop/db-0 and back: no hop with loss, 6 clean.",
  ],
  [
    "hops that cannot be judged",
    ladder("everything-lost"),
    "Hop by hop from shop/web-0 to shop/db-0 and back: 100 % lost from node-1 ens5f1 to node-2 ens5f1 (500 of 500); 4 clean, 13 that cannot be judged (no packets).",
  ],
  [
    "a point that was left out",
    ladder("point-left"),
    "Hop by hop from shop/web-0 to shop/db-0 and back: 12 % lost from node-1 veth1a2b3c4d to node-1 cni0 (1,200 of 10,000); 9 clean. Not compared: node-1 flannel.1 (no such device).",
  ],
  [
    "a moment",
    timeline("ten-seconds"),
    "shop/web-0 → shop/db-0: what happened when. lost on the asked path: most 3 in 1 s, at 02:00:03 UTC and round trip, p99: most 521 ms in 1 s, at 02:00:03 UTC. Marked: OOM kill of logstash on node-2 at 02:00:03 UTC.",
  ],
])("the caption of %s has what the picture shows", (_, chart, caption) => {
  expect(chartComment(chart, wordings.en)).toBe(caption);
});

test.each([80, 120])("a terminal of %i columns shows both as text, and nothing runs over its edge", async (width) => {
  const report = withCharts(charts.loss, ladder("unsure"), timeline("night"));
  const text = renderText(report, { columns: width });
  await expect(text).toMatchFileSnapshot(`golden/pictures-${width}.txt`);
  const long = text.split("\n").filter((line) => columns(line) > width && !line.includes("$ "));
  expect(long).toEqual([]);
});

test("a terminal speaks Chinese about them", async () => {
  const report = withCharts(ladder("chinese"), timeline("chinese"));
  await expect(renderText(report, { wording: wordings.zh })).toMatchFileSnapshot("golden/pictures-zh.txt");
});

test("a page carries the pictures with what they show as alternative text", () => {
  const report = withCharts(ladder("unsure"));
  const alt = chartComment(ladder("unsure"), wordings.en);
  expect(renderHtml(report, { charts: [{ dataUri: "data:image/png;base64,AAAA", alt }] })).toContain(
    "4 % lost from node-2",
  );
});

test("names from a cluster cannot move the cursor", () => {
  const hostile = { ...ladders["six-points-one-hop"], title: "\u001b[2J" } as Chart;
  expect(renderText(withCharts(hostile))).not.toContain("\u001b");
});
