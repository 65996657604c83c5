import { describe, expect, test } from "vitest";
import { blockProblems, tooLongTogether } from "#lab/slack/server/blocks/validate.ts";
import type { Progress } from "#src/core/progress.ts";
import type { Language } from "#src/core/sentence.ts";
import { drawCancel, drawMistake, drawQueued, drawRunningList } from "#src/report/answers.ts";
import type { Message } from "#src/report/blocks.ts";
import { drawCauses } from "#src/report/causes.ts";
import { drawLink, drawWithheld, fileComment } from "#src/report/files.ts";
import { drawDone, drawRunning, drawStopped } from "#src/report/headline.ts";
import { HEADLINE, LIMITS, REPLY } from "#src/report/limits.ts";
import { drawFirstFinding, drawReplies } from "#src/report/replies.ts";
import { wordings } from "#src/report/words.ts";
import { reports, sampleRequest as request, START_MS, samplePlan } from "#test/support/sample-reports.ts";

const revision = 3;
const progress: Progress = {
  check: "nc-4f2a",
  cluster: "prod-eu-1",
  rev: 9,
  atMs: START_MS + 22_000,
  worker: "worker-1:12",
  phase: "measuring",
  window: { startMs: START_MS, endMs: START_MS + 60_000 },
  steps: [
    {
      id: "resolve",
      title: "Resolve targets",
      status: "complete",
      detail: "shop/web-0 on node-1 → shop/db-0 on node-2",
    },
    { id: "measure", title: "Ping and TCP on 18 legs", status: "in_progress" },
    { id: "analyse", title: "Analyse", status: "pending" },
  ],
  soFar: { sent: 110, lost: 0, p50Ms: 0.58, maxMs: 391 },
  firstFinding: { atMs: START_MS + 9_000, text: "1 in 4 packets through node-2 are 200–400 ms late" },
};

/** Every message that a check can produce, by name. */
/** As long as one that is signed with a session's token. */
const signed = `https://objects.example.com/captures/nc-4f2a/merged.pcapng?X-Amz-Signature=${"a&b".repeat(500)}`;

function everyMessage(language: Language): Record<string, { readonly message: Message; readonly headline: boolean }> {
  const wording = wordings[language];
  const drawn = { request, revision, wording };
  const running = { ...drawn, nowMs: START_MS + 22_000, updateIntervalMs: 5_000 };
  const headlines = {
    "running-queued": drawRunning(running),
    running: drawRunning({ ...running, progress }),
    "running-trouble": drawRunning({
      ...running,
      nowMs: START_MS + 90_000,
      progress: {
        ...progress,
        trouble: "cannot reach cluster prod-eu-1 since 12 s; measuring continues on the nodes",
        steps: Array.from({ length: 60 }, (_, index) => ({
          id: `s${index}`,
          title: "t".repeat(300),
          status: "pending" as const,
          detail: "d".repeat(500),
        })),
      },
    }),
    cancelled: drawStopped({ ...drawn, how: "cancelled", by: "U0BOB" }),
    failed: drawStopped({
      ...drawn,
      how: "failed",
      text: "exec into node-1 was denied: the worker needs pods/exec in the namespace netcheck.",
    }),
    "done-cancelled": drawDone({
      ...drawn,
      report: { ...reports.healthy, status: "partial" },
      ended: { how: "cancelled", by: "U0BOB" },
    }),
    ...Object.fromEntries(
      Object.entries(reports).map(([name, report]) => [`done-${name}`, drawDone({ ...drawn, report })]),
    ),
  };
  const replies: Record<string, Message> = {
    finding: drawFirstFinding({ atMs: START_MS, text: progress.firstFinding?.text ?? "" }, wording),
  };
  for (const [name, report] of Object.entries(reports))
    for (const reply of drawReplies({ request, report, wording, plans: [samplePlan] }))
      if (reply.kind === "capture")
        Object.assign(replies, {
          [`${name}-${reply.key}`]: { text: fileComment(reply.file, wording), blocks: [] },
          [`${name}-${reply.key}-link`]: drawLink(
            reply.file,
            { url: signed, untilMs: START_MS + 7 * 86_400_000 },
            wording,
          ),
          [`${name}-${reply.key}-named`]: drawWithheld(reply.file, "unknown", wording),
        });
      else
        replies[`${name}-${reply.key}`] =
          reply.kind === "message" ? reply.message : { text: reply.comment, blocks: [] };
  const answers = {
    queued: drawQueued({ request, position: 2, namesChecked: false, wording }),
    mistake: drawMistake(
      { line: "web-0 db-0;`x` <b>", start: 10, end: 11, understood: ["from pod web-0"], nearest: ["web-0 db-0"] },
      { problem: "The character ; …", hint: "Use names.", command: "/netcheck", wording },
    ),
    list: drawRunningList(
      Array.from({ length: 40 }, () => ({ request, state: "running", progress: [progress] })),
      START_MS,
      wording,
    ),
    cancel: drawCancel("nc-4f2a", "finished", wording),
  };
  const named = (all: Record<string, Message>, headline: boolean) =>
    Object.fromEntries(Object.entries(all).map(([name, message]) => [name, { message, headline }]));
  return { ...named(headlines, true), ...named(replies, false), ...named(answers, false) };
}

const all = (["en", "zh"] as const).flatMap((language) =>
  Object.entries(everyMessage(language)).map(([name, drawn]) => ({ name: `${language} ${name}`, ...drawn })),
);

/** The texts that Slack interprets; plain and rich text are shown as they are. */
function markupIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("type" in value && value.type === "mrkdwn" && "text" in value) return [String(value.text)];
  return Object.values(value).flatMap(markupIn);
}

describe("what Slack accepts", () => {
  test.each(all)("$name is within every limit", ({ message, headline }) => {
    expect(blockProblems(message.blocks, { surface: "message", imageReady: () => true })).toEqual([]);
    expect(tooLongTogether([...message.blocks])).toBe(false);
    const { maxBlocks, maxJson } = headline ? HEADLINE : REPLY;
    expect(message.blocks.length).toBeLessThanOrEqual(maxBlocks);
    expect(JSON.stringify(message.blocks).length).toBeLessThanOrEqual(maxJson);
    expect(message.text.length).toBeGreaterThan(0);
    expect(message.text.length).toBeLessThanOrEqual(LIMITS.text);
  });

  test.each(all)("$name mentions nobody but the asker, and links nothing", ({ message }) => {
    const markup = [message.text, ...markupIn(message.blocks)].join("\n").match(/<[^>]{0,60}/g) ?? [];
    expect(markup.filter((one) => !/^<(@U0(ALICE|BOB)|!date\^|https:\/\/objects\.example\.com\/)/.test(one))).toEqual(
      [],
    );
  });
});

describe("what people read", () => {
  test.each([
    "running",
    "done-healthy",
    "done-periodic",
    "done-loss",
    "done-dead",
    "cancelled",
    "failed",
    "finding",
    "periodic-chart",
    "periodic-causes",
    "loss-checklist",
    "loss-details",
    "loss-audit",
    "captured-captured",
    "queued",
    "mistake",
  ])("%s stays as it was looked at", async (name) => {
    const drawn = everyMessage("en")[name];
    await expect(`${JSON.stringify(drawn?.message, null, 2)}\n`).toMatchFileSnapshot(`golden/${name}.json.golden`);
  });

  test("a finished headline says first what is wrong and where, then how sure and what to do", () => {
    const { message } = everyMessage("en")["done-periodic"] ?? {};
    const [header, section] = message?.blocks ?? [];
    expect(JSON.stringify(header)).toContain("Degraded: NIC delays one packet in 4, node-2, eth0");
    expect(JSON.stringify(section)).toContain("1 in 4 packets through node-2 (eth0) are 200–400 ms late; certain.");
    expect(JSON.stringify(section)).toContain("Do next");
    expect(message?.text).toContain("Fail over to the other NIC of node-2");
  });

  test("every update has fresh block ids", () => {
    const ids = [1, 2].map((rev) =>
      drawRunning({ request, revision: rev, wording: wordings.en, progress, nowMs: START_MS, updateIntervalMs: 5_000 })
        .blocks.map(({ block_id }) => block_id)
        .filter(Boolean),
    );
    expect(ids[0]).toEqual(["ctl:nc-4f2a:1"]);
    expect(ids[1]).toEqual(["ctl:nc-4f2a:2"]);
  });

  test("the check list goes from found to ruled out", () => {
    const { message } = everyMessage("en")["loss-checklist"] ?? {};
    const rows = message?.blocks.find(({ type }) => type === "table")?.["rows"] as { text: string }[][];
    expect(rows.map((row) => row[1]?.text)).toEqual([
      "Result",
      "Found",
      "Found",
      "Undecided",
      "Not measured",
      "Ruled out",
      "Ruled out",
    ]);
  });

  test.each(["en", "zh"] as const)(
    "in %s a crowded check list stays short and leaves out nothing silently",
    (language) => {
      const { message } = everyMessage(language)["crowded-checklist"] ?? {};
      const { unknown, gap, clear, more } = wordings[language];
      const rows = message?.blocks.find(({ type }) => type === "table")?.["rows"] as { text: string }[][];
      const of = (result: string) => rows.filter((row) => row[1]?.text === result).map((row) => row[0]?.text ?? "");
      expect(rows.length).toBeLessThan(45);
      // Three with a reason of their own, then what lacks the same, the most first.
      expect(of(unknown)).toHaveLength(7);
      expect(of(clear).length).toBeLessThan(10);
      expect(of(gap)[0]).toContain("sysctls");
      expect(of(gap).at(-1)).toBe(more(of(gap).length > 1 ? Number(/\d+/.exec(of(gap).at(-1) ?? "")?.[0]) : 0));
    },
  );

  test("the same cause at two places is a message that Slack takes", () => {
    const { periodic } = reports;
    const causes = periodic.causes.flatMap((cause) => [
      cause,
      { ...cause, where: { kind: "node" as const, name: "node-3" } },
    ]);
    const { blocks } = drawCauses({ ...periodic, causes }, wordings.en);
    expect(blocks.filter(({ type }) => type === "context_actions")).toHaveLength(2);
    expect(blockProblems(blocks, { surface: "message", imageReady: () => true })).toEqual([]);
  });

  test("a healthy check has no causes to judge, and says that nothing was captured", () => {
    const keys = drawReplies({ request, report: reports.healthy, wording: wordings.en }).map(({ key }) => key);
    expect(keys).toEqual(["chart", "checklist", "details", "audit"]);
  });

  test("a Chinese thread has Chinese frames around English findings", () => {
    const { message } = everyMessage("zh")["done-periodic"] ?? {};
    expect(message?.text).toContain("质量下降：NIC delays one packet in 4，node-2, eth0");
    expect(JSON.stringify(message)).toContain("下一步");
  });

  test("both languages have all words", () => {
    expect(Object.keys(wordings.zh).toSorted()).toEqual(Object.keys(wordings.en).toSorted());
  });
});
