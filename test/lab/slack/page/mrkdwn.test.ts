import { describe, expect, test } from "vitest";
import { parseMrkdwn } from "#lab/slack/page/src/text/mrkdwn.ts";
import type { Inline, TextBlock } from "#lab/slack/page/src/text/nodes.ts";

/** A compact spelling of the nodes, so that a row of the table is one line: b(bold) i(italic) s(strike) c(code) a(link). */
function spell(nodes: readonly Inline[]): string {
  return nodes.map(spellOne).join("");
}

function spellOne(node: Inline): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "bold":
    case "italic":
    case "strike":
      return `${node.kind.slice(0, 1)}(${spell(node.children)})`;
    case "code":
      return `c(${node.text})`;
    case "link":
      return `a(${node.url} ${spell(node.children)})`;
    case "break":
      return "⏎";
    case "emoji":
      return `e(${node.name})`;
    case "date":
      return `d(${node.timestamp} ${node.template} | ${node.fallback})`;
    case "broadcast":
      return `@(${node.range})`;
    default:
      return `${node.kind}(${node.id}${node.label ? ` ${node.label}` : ""})`;
  }
}

const inline = (source: string): string => {
  const [block, ...rest] = parseMrkdwn(source);
  expect(rest).toEqual([]);
  return block?.kind === "paragraph" ? spell(block.children) : JSON.stringify(block);
};

test.each([
  { source: "*bold* and _italic_ and ~gone~", want: "b(bold) and i(italic) and s(gone)" },
  { source: "*bold with _both_ inside*", want: "b(bold with i(both) inside)" },
  { source: "*_nested_*", want: "b(i(nested))" },
  { source: "snake_case_name stays", want: "snake_case_name stays" },
  { source: "2*3*4 stays", want: "2*3*4 stays" },
  { source: "a * b * c stays", want: "a * b * c stays" },
  { source: "(*in brackets*), *at the end*.", want: "(b(in brackets)), b(at the end)." },
  { source: "*not over\nlines*", want: "*not over⏎lines*" },
  { source: "`*code* stays <@U1>` *here*", want: "c(*code* stays <@U1>) b(here)" },
  { source: "*`code in bold`*", want: "b(c(code in bold))" },
  { source: "02:00–02:10 and 02:00:10 and ::1", want: "02:00–02:10 and 02:00:10 and ::1" },
  { source: "see :eyes: and :no_such_emoji:", want: "see e(eyes) and :no_such_emoji:" },
  { source: "x:eyes:y and :eyes::eyes:", want: "x:eyes:y and e(eyes):eyes:" },
  { source: "<@U0ALICE> <@W1|bob> <#C1|ops>", want: "user(U0ALICE) user(W1 bob) channel(C1 ops)" },
  { source: "<!here> <!subteam^S1|@net> <!nonsense>", want: "@(here) group(S1 @net) <!nonsense>" },
  { source: "<https://a.example/x?y=1&amp;z=2|the *dash*>", want: "a(https://a.example/x?y=1&z=2 the b(dash))" },
  { source: "<http://10.0.0.1|10.0.0.1>", want: "a(http://10.0.0.1 10.0.0.1)" },
  { source: "see https://a.example/b.", want: "see a(https://a.example/b https://a.example/b)." },
  { source: "<!date^1700000000^{date} at {time}|then>", want: "d(1700000000 {date} at {time} | then)" },
  { source: "a &lt;b&gt; &amp;amp;", want: "a <b> &amp;" },
  { source: "<script>alert(1)</script>", want: "<script>alert(1)</script>" },
  { source: "<javascript:alert(1)|click>", want: "<javascript:alert(1)|click>" },
  { source: "<data:text/html,x|click>", want: "<data:text/html,x|click>" },
])("mrkdwn $source", ({ source, want }) => {
  expect(inline(source)).toBe(want);
});

describe("mrkdwn blocks", () => {
  const shape = (blocks: readonly TextBlock[]): string[] =>
    blocks.map((block) => {
      if (block.kind === "pre") return `pre ${block.text}`;
      if (block.kind === "quote") return `quote [${shape(block.blocks).join(" / ")}]`;
      if (block.kind === "item") return `item${block.indent} ${block.marker} ${spell(block.children)}`;
      return `${block.kind} ${spell(block.children)}`;
    });

  test.each([
    { source: "a\n```\n*x* &lt;y&gt;\n  z\n```\nb", want: ["paragraph a", "pre *x* <y>\n  z", "paragraph b"] },
    { source: "```ping <http://a.example|a.example>```", want: ["pre ping a.example"] },
    { source: "&gt; one\n> two\nafter", want: ["quote [paragraph one⏎two]", "paragraph after"] },
    { source: ">>> all\nthe rest", want: ["quote [paragraph all⏎the rest]"] },
    {
      source: "list:\n• one\n  • two\n1. three",
      want: ["paragraph list:", "item0 • one", "item1 • two", "item0 1. three"],
    },
    { source: "- 5 ms", want: ["item0 - 5 ms"] },
    { source: "-5 ms", want: ["paragraph -5 ms"] },
    { source: "", want: [] },
  ])("$source", ({ source, want }) => {
    expect(shape(parseMrkdwn(source))).toEqual(want);
  });

  test("any text ends in nodes that hold all its letters and digits, in order", () => {
    const alphabet = ["*", "_", "~", "`", "<", ">", "|", ":", "\n", " ", "a", "1", "&lt;", "```", "@U1", "•"];
    let seed = 7;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 2_000; round++) {
      const source = Array.from({ length: next(14) }, () => alphabet[next(alphabet.length)]).join("");
      const letters = (text: string) => text.replace(/[^a1]/g, "");
      expect(letters(shape(parseMrkdwn(source)).join("")).length, source).toBeGreaterThanOrEqual(
        letters(source).length,
      );
    }
  });
});
