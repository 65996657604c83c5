import { z } from "zod";
import { LIMIT } from "./limits.ts";

const flag = z.boolean().optional();
const style = z
  .strictObject({
    bold: flag,
    italic: flag,
    strike: flag,
    code: flag,
    underline: flag,
    highlight: flag,
    client_highlight: flag,
    unlink: flag,
  })
  .optional();

const inline = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string().min(1), style }),
  z.strictObject({
    type: z.literal("link"),
    url: z.string().min(1).max(LIMIT.url),
    text: z.string().optional(),
    unsafe: flag,
    style,
  }),
  z.strictObject({ type: z.literal("user"), user_id: z.string().min(1), style }),
  z.strictObject({ type: z.literal("usergroup"), usergroup_id: z.string().min(1), style }),
  z.strictObject({ type: z.literal("team"), team_id: z.string().min(1), style }),
  z.strictObject({ type: z.literal("channel"), channel_id: z.string().min(1), style }),
  z.strictObject({
    type: z.literal("emoji"),
    name: z.string().min(1),
    unicode: z.string().optional(),
    url: z.string().optional(),
    skin_tone: z.number().optional(),
    style,
  }),
  z.strictObject({ type: z.literal("broadcast"), range: z.enum(["here", "channel", "everyone"]), style }),
  z.strictObject({ type: z.literal("color"), value: z.string().min(1), style }),
  z.strictObject({
    type: z.literal("date"),
    timestamp: z.number().int(),
    format: z.string().min(1),
    url: z.string().optional(),
    fallback: z.string().optional(),
    style,
  }),
  // New and not described in full anywhere: let through as they are.
  z.looseObject({ type: z.literal("tag") }),
  z.looseObject({ type: z.literal("citation") }),
]);

const border = z.union([z.literal(0), z.literal(1)]).optional();
const section = z.strictObject({ type: z.literal("rich_text_section"), elements: z.array(inline) });

const richTextElement = z.discriminatedUnion("type", [
  section,
  z.strictObject({
    type: z.literal("rich_text_list"),
    style: z.enum(["bullet", "ordered"]),
    elements: z.array(section),
    indent: z.number().int().min(0).max(8).optional(),
    offset: z.number().int().optional(),
    border,
  }),
  z.strictObject({ type: z.literal("rich_text_quote"), elements: z.array(inline), border }),
  z.strictObject({
    type: z.literal("rich_text_preformatted"),
    elements: z.array(inline),
    border,
    language: z.string().optional(),
  }),
]);

export const richText = z.strictObject({
  type: z.literal("rich_text"),
  block_id: z.string().max(LIMIT.id).optional(),
  elements: z.array(richTextElement),
});
