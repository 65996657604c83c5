import type { KnownBlock } from "@slack/types";
import { describe, expect, test } from "vitest";
import { wordProblem } from "#lab/slack/server/blocks/problems.ts";
import type { Surface } from "#lab/slack/server/blocks/schema.ts";
import { blockProblems, checkView, tooLongTogether } from "#lab/slack/server/blocks/validate.ts";

const ready = { imageReady: ({ id }: { id?: unknown }) => id === "F0READY" };
const refused = (blocks: unknown, surface: Surface = "message") =>
  blockProblems(blocks, { surface, ...ready }).map(wordProblem);

const x = (count: number) => "x".repeat(count);
const plain = (text: string) => ({ type: "plain_text", text });
const mrkdwn = (text: string) => ({ type: "mrkdwn", text });
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const button = (more: object = {}) => ({ type: "button", action_id: "a", text: plain("Go"), ...more });
const option = (value: string) => ({ text: plain(value), value });
const cell = (text: string) => ({ type: "raw_text", text });
const rich = { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "x" }] }] };
const task = (index: number, more: object = {}) => ({
  type: "task_card",
  task_id: `t${index}`,
  title: "Probe",
  status: "pending",
  ...more,
});
const categories = (count: number) => times(count, (index) => `m${index}`);
const chart = ({ points = 3, series = 1, more = {} }: { points?: number; series?: number; more?: object } = {}) => ({
  type: "data_visualization",
  title: "p99",
  chart: {
    type: "line",
    series: times(series, (index) => ({
      name: `s${index}`,
      data: categories(points).map((label) => ({ label, value: 1 })),
    })),
    axis_config: { categories: categories(points) },
  },
  ...more,
});
const chartOf = (series: object) => ({ ...chart(), chart: { ...chart().chart, series: [series] } });
const table = (rows = 2, columns = 2, text = "x") => ({
  type: "table",
  rows: times(rows, () => times(columns, () => cell(text))),
});
const dataTable = (rows = 2, columns = 2, more: object = {}) => ({
  type: "data_table",
  caption: "pairs",
  rows: times(rows, () => times(columns, () => cell("x"))),
  ...more,
});
const container = (children: number, more: object = {}) => ({
  type: "container",
  title: plain("Details"),
  child_blocks: times(children, () => ({ type: "divider" })),
  ...more,
});

describe("what Slack takes", () => {
  const accepted: readonly [string, object][] = [
    ["a section of 3,000", { type: "section", text: mrkdwn(x(3_000)) }],
    ["ten fields", { type: "section", fields: times(10, () => mrkdwn(x(2_000))) }],
    ["a header of 150", { type: "header", text: plain(x(150)) }],
    ["a context of ten", { type: "context", elements: times(10, () => mrkdwn("x")) }],
    ["25 buttons", { type: "actions", elements: times(25, (index) => button({ action_id: `a${index}` })) }],
    [
      "a confirmation",
      {
        type: "actions",
        elements: [
          button({
            confirm: { title: plain("Sure?"), text: plain("Stops"), confirm: plain("Yes"), deny: plain("No") },
          }),
        ],
      },
    ],
    [
      "an overflow of five",
      { type: "actions", elements: [{ type: "overflow", action_id: "o", options: times(5, (i) => option(`${i}`)) }] },
    ],
    ["a plan of 50 tasks", { type: "plan", title: "Checking", tasks: times(50, (index) => task(index)) }],
    ["a finished task with rich text", task(1, { status: "complete", output: rich })],
    ["20 points in 6 series", chart({ points: 20, series: 6 })],
    ["a pie", { type: "data_visualization", title: "t", chart: { type: "pie", segments: [{ label: "a", value: 1 }] } }],
    ["a table of 100 × 20", table(100, 5)],
    ["a data table of 200 rows", dataTable(201, 20)],
    ["a container of ten", container(10, { is_collapsible: true, default_collapsed: true })],
    ["a ready picture", { type: "image", alt_text: "chart", slack_file: { id: "F0READY" } }],
    [
      "feedback buttons",
      {
        type: "context_actions",
        elements: [
          {
            type: "feedback_buttons",
            action_id: "f",
            positive_button: { text: plain("Right"), value: "1" },
            negative_button: { text: plain("Wrong"), value: "0" },
          },
        ],
      },
    ],
    ["a carousel", { type: "carousel", elements: [{ type: "card", title: mrkdwn("a") }] }],
    [
      "a code block",
      {
        type: "rich_text",
        elements: [{ type: "rich_text_preformatted", elements: [{ type: "text", text: "ping -c 3" }] }],
      },
    ],
  ];
  test.each(accepted)("%s", (_, block) => {
    expect(refused([block])).toEqual([]);
  });

  test("blocks typed by Slack's own package", () => {
    const typed: KnownBlock[] = [
      { type: "section", text: { type: "mrkdwn", text: "*Degraded*", verbatim: true }, expand: true },
      { type: "table", rows: [[{ type: "raw_number", value: 1, text: "1" }]], column_settings: [{ align: "right" }] },
      {
        type: "plan",
        title: "Checking",
        tasks: [{ type: "task_card", task_id: "1", title: "Probe", status: "error" }],
      },
      { type: "image", alt_text: "x", image_url: "https://example.com/a.png" },
      { type: "context", elements: [{ type: "image", alt_text: "x", image_url: "https://example.com/a.png" }] },
    ];
    expect(refused(typed)).toEqual([]);
  });
});

describe("what Slack refuses", () => {
  const refusals: readonly [string, object | object[], string][] = [
    ["51 blocks", times(51, () => ({ type: "divider" })), "no more than 50 items allowed [json-pointer:/blocks]"],
    ["an unknown block", { type: "chart" }, "unsupported type: chart [json-pointer:/blocks/0/type]"],
    ["a block without a type", { text: plain("x") }, "missing required field: type [json-pointer:/blocks/0]"],
    [
      "a misspelt property",
      { type: "divider", blockid: "x" },
      "invalid additional property: blockid [json-pointer:/blocks/0]",
    ],
    [
      "a block_id of 256",
      { type: "divider", block_id: x(256) },
      "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ],
    [
      "a block_id twice",
      [
        { type: "divider", block_id: "a" },
        { type: "divider", block_id: "a" },
      ],
      "block_id already exists [json-pointer:/blocks/1/block_id]",
    ],
    ["an empty section", { type: "section" }, "provide at least one of: text, fields [json-pointer:/blocks/0]"],
    [
      "a section of 3,001",
      { type: "section", text: mrkdwn(x(3_001)) },
      "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ],
    [
      "a section of nothing",
      { type: "section", text: mrkdwn("") },
      "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ],
    [
      "a section of a bare string",
      { type: "section", text: "x" },
      "must provide an object [json-pointer:/blocks/0/text]",
    ],
    [
      "eleven fields",
      { type: "section", fields: times(11, () => mrkdwn("x")) },
      "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ],
    [
      "a field of 2,001",
      { type: "section", fields: [mrkdwn(x(2_001))] },
      "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ],
    [
      "a header of 151",
      { type: "header", text: plain(x(151)) },
      "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ],
    [
      "a header of mrkdwn",
      { type: "header", text: mrkdwn("x") },
      "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ],
    [
      "eleven context elements",
      { type: "context", elements: times(11, () => mrkdwn("x")) },
      "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ],
    [
      "26 buttons",
      { type: "actions", elements: times(26, (i) => button({ action_id: `a${i}` })) },
      "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ],
    [
      "no buttons",
      { type: "actions", elements: [] },
      "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
    ],
    [
      "an action_id twice",
      { type: "actions", elements: [button(), button()] },
      "action_id already exists [json-pointer:/blocks/0/elements/1/action_id]",
    ],
    [
      "a button text of 76",
      { type: "actions", elements: [button({ text: plain(x(76)) })] },
      "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ],
    [
      "a button value of 2,001",
      { type: "actions", elements: [button({ value: x(2_001) })] },
      "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ],
    [
      "a button of another colour",
      { type: "actions", elements: [button({ style: "green" })] },
      "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ],
    [
      "a confirmation of 301",
      { type: "actions", elements: [button({ confirm: { text: plain(x(301)) } })] },
      "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
    ],
    [
      "an overflow of six",
      { type: "actions", elements: [{ type: "overflow", options: times(6, (i) => option(`${i}`)) }] },
      "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ],
    [
      "a menu without options",
      { type: "actions", elements: [{ type: "static_select" }] },
      "provide exactly one of: options, option_groups [json-pointer:/blocks/0/elements/0]",
    ],
    [
      "a menu of 101",
      { type: "actions", elements: [{ type: "static_select", options: times(101, (i) => option(`${i}`)) }] },
      "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ],
    [
      "a choice that is not offered",
      {
        type: "actions",
        elements: [{ type: "static_select", action_id: "s", options: [option("a")], initial_option: option("b") }],
      },
      "initial option must exactly match one of the options [json-pointer:/blocks/0/elements/0]",
    ],
    [
      "51 tasks",
      { type: "plan", title: "x", tasks: times(51, (index) => task(index)) },
      "no more than 50 items allowed [json-pointer:/blocks/0/tasks]",
    ],
    [
      "a task in an unknown state",
      { type: "plan", title: "x", tasks: [task(1, { status: "done" })] },
      "must be one of: pending, in_progress, complete, error [json-pointer:/blocks/0/tasks/0/status]",
    ],
    [
      "a third chart",
      times(3, () => chart()),
      "no more than 2 data_visualization blocks allowed [json-pointer:/blocks/2]",
    ],
    [
      "a chart title of 51",
      chart({ more: { title: x(51) } }),
      "must be less than 51 characters [json-pointer:/blocks/0/title]",
    ],
    [
      "21 points",
      chartOf({ name: "s", data: categories(21).map((label) => ({ label, value: 1 })) }),
      "no more than 20 items allowed [json-pointer:/blocks/0/chart/series/0/data]",
    ],
    ["seven series", chart({ series: 7 }), "no more than 6 items allowed [json-pointer:/blocks/0/chart/series]"],
    [
      "a series without a category",
      { ...chart(), chart: { ...chart().chart, axis_config: { categories: categories(4) } } },
      "every series must have exactly one value for every category [json-pointer:/blocks/0/chart]",
    ],
    [
      "a label of 21",
      { type: "data_visualization", title: "t", chart: { type: "pie", segments: [{ label: x(21), value: 1 }] } },
      "must be less than 21 characters [json-pointer:/blocks/0/chart/segments/0/label]",
    ],
    ["a second table", [table(), table()], "only_one_table_allowed [json-pointer:/blocks/1]"],
    ["101 table rows", table(101, 1), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"],
    ["21 table columns", table(1, 21), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"],
    [
      "10,001 characters in a table",
      table(1, 1, x(10_001)),
      "must have less than 10001 characters in all cells [json-pointer:/blocks/0/rows]",
    ],
    ["an empty cell", table(1, 1, ""), "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]"],
    ["202 rows of data", dataTable(202, 1), "no more than 201 items allowed [json-pointer:/blocks/0/rows]"],
    [
      "a data table without a caption",
      dataTable(2, 2, { caption: undefined }),
      "missing required field: caption [json-pointer:/blocks/0]",
    ],
    [
      "ragged data",
      { ...dataTable(), rows: [[cell("a")], [cell("b"), cell("c")]] },
      "all rows must have the same number of cells [json-pointer:/blocks/0/rows]",
    ],
    ["a page of 101", dataTable(2, 2, { page_size: 101 }), "must be less than 101 [json-pointer:/blocks/0/page_size]"],
    ["a container of eleven", container(11), "no more than 10 items allowed [json-pointer:/blocks/0/child_blocks]"],
    [
      "a card in a container",
      container(1, { child_blocks: [{ type: "card", title: mrkdwn("a") }] }),
      "unsupported type: card [json-pointer:/blocks/0/child_blocks/0/type]",
    ],
    [
      "a container without a title",
      container(1, { title: undefined }),
      "provide at least one of: title, rich_text_title [json-pointer:/blocks/0]",
    ],
    [
      "a container closed but not collapsible",
      container(1, { default_collapsed: true }),
      "default_collapsed requires is_collapsible [json-pointer:/blocks/0]",
    ],
    [
      "four actions on a card",
      { type: "card", actions: times(4, (i) => button({ action_id: `a${i}` })) },
      "no more than 3 items allowed [json-pointer:/blocks/0/actions]",
    ],
    [
      "an empty card",
      { type: "card" },
      "provide at least one of: hero_image, title, actions, body [json-pointer:/blocks/0]",
    ],
    [
      "eleven cards",
      { type: "carousel", elements: times(11, () => ({ type: "card", title: mrkdwn("a") })) },
      "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ],
    [
      "an alert in a message",
      { type: "alert", text: plain("x") },
      "unsupported type: alert [json-pointer:/blocks/0/type]",
    ],
    [
      "12,001 characters of markdown in two",
      [
        { type: "markdown", text: x(6_000) },
        { type: "markdown", text: x(6_001) },
      ],
      "must be less than 12001 characters of markdown [json-pointer:/blocks]",
    ],
    [
      "a picture without alt text",
      { type: "image", image_url: "https://example.com/a.png" },
      "missing required field: alt_text [json-pointer:/blocks/0]",
    ],
    [
      "a picture from two places",
      { type: "image", alt_text: "x", image_url: "https://e.x/a.png", slack_file: { id: "F0READY" } },
      "provide exactly one of: image_url, slack_file [json-pointer:/blocks/0]",
    ],
    [
      "a file by id and url",
      { type: "image", alt_text: "x", slack_file: { id: "F0READY", url: "https://e.x" } },
      "provide exactly one of: id, url [json-pointer:/blocks/0/slack_file]",
    ],
    [
      "a file that is not ready",
      { type: "image", alt_text: "x", slack_file: { id: "F0LATE" } },
      "invalid slack file [json-pointer:/blocks/0/slack_file]",
    ],
    [
      "an unknown inline style",
      {
        type: "rich_text",
        elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "x", style: { loud: true } }] }],
      },
      "invalid additional property: loud [json-pointer:/blocks/0/elements/0/elements/0/style]",
    ],
    ["a video", { type: "video" }, "unsupported type: video [json-pointer:/blocks/0/type]"],
  ];
  test.each(refusals)("%s", (_, blocks, problem) => {
    const sent: unknown = JSON.parse(JSON.stringify(Array.isArray(blocks) ? blocks : [blocks]));
    expect(refused(sent)).toEqual([problem]);
  });

  test("something that is no list", () => {
    expect(refused({ type: "divider" })).toEqual(["must provide an array [json-pointer:/blocks]"]);
  });

  test.each([
    ["modal", chart()],
    ["modal", table()],
    ["modal", task(1)],
    ["home", { type: "plan", title: "x" }],
    ["home", { type: "markdown", text: "x" }],
    ["home", { type: "alert", text: plain("x") }],
  ] as const)("in a %s: %o", (surface, block) => {
    expect(refused([block], surface)).toEqual([`unsupported type: ${block.type} [json-pointer:/blocks/0/type]`]);
  });
});

test.each([
  { name: "four long sections", blocks: times(4, () => ({ type: "section", text: mrkdwn(x(2_950)) })), long: false },
  { name: "five long sections", blocks: times(5, () => ({ type: "section", text: mrkdwn(x(2_950)) })), long: true },
  { name: "a long table, which has its own limit", blocks: [table(100, 5, x(20))], long: false },
])("$name: too long together is $long", ({ blocks, long }) => {
  expect(tooLongTogether(blocks)).toBe(long);
});

describe("views", () => {
  const input = { type: "input", label: plain("From"), element: { type: "plain_text_input", action_id: "a" } };
  const modal = (more: object = {}) => ({ type: "modal", title: plain("Check"), blocks: [], ...more });
  test.each([
    ["a modal", modal(), []],
    ["100 blocks", modal({ blocks: times(100, () => ({ type: "divider" })) }), []],
    [
      "101 blocks",
      modal({ blocks: times(101, () => ({ type: "divider" })) }),
      ["no more than 100 items allowed [json-pointer:/view/blocks]"],
    ],
    ["inputs without submit", modal({ blocks: [input] }), ["missing required field: submit [json-pointer:/view]"]],
    ["inputs with submit", modal({ blocks: [input], submit: plain("Start") }), []],
    [
      "a title of 25",
      modal({ title: plain(x(25)) }),
      ["must be less than 25 characters [json-pointer:/view/title/text]"],
    ],
    [
      "private metadata of 3,001",
      modal({ private_metadata: x(3_001) }),
      ["must be less than 3001 characters [json-pointer:/view/private_metadata]"],
    ],
    ["a home tab", { type: "home", blocks: [dataTable()] }, []],
    [
      "a home tab with a title",
      { type: "home", title: plain("x"), blocks: [] },
      ["invalid additional property: title [json-pointer:/view]"],
    ],
    ["no type", { blocks: [] }, ["missing required field: type [json-pointer:/view]"]],
  ] as const)("%s", (_, view, problems) => {
    const checked = checkView(view, ready);
    expect("problems" in checked ? checked.problems.map(wordProblem) : []).toEqual(problems);
  });
});
