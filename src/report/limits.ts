import type { Block, Message } from "./blocks.ts";

/** What Slack accepts, in characters and counts. The totals are ours: Slack refuses somewhere above 13,000 (bolt-js#2509). */
export const LIMITS = {
  text: 4_000,
  messageJson: 12_000,
  headlineBlocks: 8,
  headlineJson: 6_000,
  blocks: 50,
  header: 150,
  section: 3_000,
  fields: 10,
  field: 2_000,
  contextElements: 10,
  contextText: 2_000,
  actions: 25,
  button: 75,
  planTitle: 256,
  planTasks: 50,
  taskTitle: 256,
  taskDetail: 256,
  chartsPerMessage: 2,
  chartTitle: 50,
  chartLabel: 20,
  chartPoints: 20,
  chartSeries: 6,
  tablesPerMessage: 1,
  tableRows: 100,
  tableColumns: 20,
  tableText: 10_000,
  containerChildren: 10,
  altText: 2_000,
} as const;

/** Shortens text with an ellipsis; never leaves half of an escape such as `&am` behind. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/&[a-z]{0,3}$|[\ud800-\udbff]$/, "")}…`;
}

type Budget = { readonly maxBlocks: number; readonly maxJson: number };

/** The budget of the message that the channel sees, and that of messages in its thread. */
export const HEADLINE: Budget = { maxBlocks: LIMITS.headlineBlocks, maxJson: LIMITS.headlineJson };
export const REPLY: Budget = { maxBlocks: LIMITS.blocks, maxJson: LIMITS.messageJson };

/** Shortest length to which a text is cut before whole blocks are left out. */
const KEEP = 80;

/** Makes a message fit: cuts its longest texts first, then leaves out blocks from the end, the very last one kept. */
export function withinLimits(message: Message, { maxBlocks, maxJson }: Budget): Message {
  let blocks = message.blocks.slice(0, maxBlocks);
  for (let excess = sizeOf(blocks) - maxJson; excess > 0; excess = sizeOf(blocks) - maxJson) {
    const longest = longestText(blocks);
    if (longest.length > KEEP) blocks = shortened(blocks, longest, Math.max(KEEP, longest.length - excess - 1));
    else if (blocks.length > 1) blocks = [...blocks.slice(0, -2), ...blocks.slice(-1)];
    else break;
  }
  return { text: cut(message.text, LIMITS.text), blocks };
}

const sizeOf = (blocks: readonly Block[]): number => JSON.stringify(blocks).length;

/** Values under these keys are meant for people; everything else must stay as it is. */
const isText = (key: string): boolean => key === "text" || key === "title";

function longestText(value: unknown, key = ""): string {
  if (typeof value === "string") return isText(key) ? value : "";
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .map(([name, inner]) => longestText(inner, name))
    .reduce((longest, text) => (text.length > longest.length ? text : longest), "");
}

function shortened(blocks: readonly Block[], longest: string, max: number): Block[] {
  return JSON.parse(
    JSON.stringify(blocks, (key, value) => (isText(key) && value === longest ? cut(longest, max) : value)),
  ) as Block[];
}
