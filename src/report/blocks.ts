import { cut, LIMITS } from "./limits.ts";

/** One Block Kit block, as plain data; `slack/` hands it to Slack's own types. Keeps this folder free of the SDK. */
export type Block = { readonly type: string; readonly block_id?: string; readonly [key: string]: unknown };

/** One Slack message. `text` says the same as the blocks for notifications, screen readers and old clients. */
export type Message = { readonly text: string; readonly blocks: readonly Block[] };

/** A piece of rich text: nothing in `text` is interpreted, so text from a cluster can stand there as it is. */
export type RichPiece = {
  readonly text: string;
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly code?: boolean;
};

export const plainText = (text: string, max: number) => ({ type: "plain_text", text: cut(text, max), emoji: false });
const mrkdwn = (text: string, max: number) => ({ type: "mrkdwn", text: cut(text, max), verbatim: true });

export const header = (text: string): Block => ({ type: "header", text: plainText(text, LIMITS.header) });

/** `markup` is mrkdwn: text from a cluster or a user goes through `safe` first. */
export const section = (markup: string): Block => ({ type: "section", text: mrkdwn(markup, LIMITS.section) });

/** Name and value pairs in two columns; an odd last one is dropped by Slack's layout, so callers give an even number. */
export const fields = (pairs: readonly (readonly [name: string, markup: string])[]): Block => ({
  type: "section",
  fields: pairs.slice(0, LIMITS.fields).map(([name, markup]) => mrkdwn(`*${name}*\n${markup}`, LIMITS.field)),
});

export const context = (...markup: readonly string[]): Block => ({
  type: "context",
  elements: markup.slice(0, LIMITS.contextElements).map((text) => mrkdwn(text, LIMITS.contextText)),
});

export type Button = { readonly text: string; readonly action: string; readonly value: string; readonly more?: object };

export const actions = (blockId: string, buttons: readonly Button[]): Block => ({
  type: "actions",
  block_id: blockId,
  elements: buttons.map(({ text, action, value, more }) => ({
    type: "button",
    text: plainText(text, LIMITS.button),
    action_id: action,
    value,
    ...more,
  })),
});

const richSection = (pieces: readonly RichPiece[]) => ({
  type: "rich_text_section",
  elements: pieces
    .filter(({ text }) => text !== "")
    .map(({ text, ...style }) => ({
      type: "text",
      text: cut(text, LIMITS.section),
      ...(Object.keys(style).length > 0 ? { style } : {}),
    })),
});

export const richLine = (...pieces: readonly RichPiece[]) => richSection(pieces);

export const richList = (lines: readonly string[]) => ({
  type: "rich_text_list",
  style: "bullet",
  elements: lines.map((text) => richSection([{ text }])),
});

/** Text to copy, in a fixed-width box. */
export const richPreformatted = (text: string) => ({
  type: "rich_text_preformatted",
  elements: [{ type: "text", text: cut(text, LIMITS.section) }],
});

export const richText = (elements: readonly object[]): Block => ({ type: "rich_text", elements });

export const plan = (title: string, tasks: readonly object[]): Block => ({
  type: "plan",
  title: cut(title, LIMITS.planTitle),
  tasks: tasks.slice(0, LIMITS.planTasks),
});

export type TaskStatus = "pending" | "in_progress" | "complete" | "error";

export const taskCard = (id: string, title: string, status: TaskStatus, detail?: string) => ({
  type: "task_card",
  task_id: id,
  title: cut(title, LIMITS.taskTitle),
  status,
  ...(detail ? { details: richText([richLine({ text: cut(detail, LIMITS.taskDetail) })]) } : {}),
});

/** A table of plain text; the first row is its head. Rows beyond Slack's limits are the caller's to leave out. */
export const table = (rows: readonly (readonly string[])[]): Block => ({
  type: "table",
  column_settings: (rows[0] ?? []).map(() => ({ is_wrapped: true })),
  rows: rows.map((row) => row.map((text) => ({ type: "raw_text", text: text === "" ? "–" : text }))),
});

/** A box that opens on a click. Children are sections and context blocks, the kinds that every validator accepts. */
export const container = (title: string, children: readonly Block[]): Block => ({
  type: "container",
  title: plainText(title, LIMITS.header),
  is_collapsible: true,
  default_collapsed: true,
  child_blocks: children.slice(0, LIMITS.containerChildren),
});
