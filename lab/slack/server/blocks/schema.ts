import { z } from "zod";
import { accessory, actionsElement, button, contextActionsElement, inputElement } from "./elements.ts";
import { LIMIT } from "./limits.ts";
import { richText } from "./rich-text.ts";
import { dataTable, dataVisualization, table } from "./tables.ts";
import { anyText, contextTexts, imageBlock, imageElement, mrkdwnText, plainText, words } from "./text.ts";

/** Where blocks are shown; not every block may stand everywhere. */
export type Surface = "message" | "modal" | "home";

const block_id = z.string().max(LIMIT.id).optional();

const section = z
  .strictObject({
    type: z.literal("section"),
    block_id,
    text: anyText(LIMIT.text).optional(),
    fields: z.array(anyText(LIMIT.sectionField)).min(1).max(LIMIT.sectionFields).optional(),
    accessory: accessory.optional(),
    expand: z.boolean().optional(),
  })
  .refine((block) => block.text !== undefined || block.fields !== undefined, "provide at least one of: text, fields");

const header = z.strictObject({ type: z.literal("header"), block_id, text: plainText(LIMIT.header) });
const divider = z.strictObject({ type: z.literal("divider"), block_id });
const context = z.strictObject({
  type: z.literal("context"),
  block_id,
  elements: z
    .array(z.discriminatedUnion("type", [...contextTexts, imageElement]))
    .min(1)
    .max(LIMIT.contextElements),
});
const actions = z.strictObject({
  type: z.literal("actions"),
  block_id,
  elements: z.array(actionsElement).min(1).max(LIMIT.actionsElements),
});
const contextActions = z.strictObject({
  type: z.literal("context_actions"),
  block_id,
  elements: z.array(contextActionsElement).min(1).max(LIMIT.contextActions),
});
const input = z.strictObject({
  type: z.literal("input"),
  block_id,
  label: plainText(LIMIT.inputLabel),
  hint: plainText(LIMIT.inputLabel).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
  element: inputElement,
});

const taskCard = z.strictObject({
  type: z.literal("task_card"),
  block_id,
  task_id: words(LIMIT.id),
  title: words(LIMIT.taskTitle),
  status: z.enum(["pending", "in_progress", "complete", "error"]),
  details: richText.optional(),
  output: richText.optional(),
  sources: z
    .array(z.strictObject({ type: z.literal("url"), url: words(LIMIT.url), text: z.string().min(1) }))
    .optional(),
});
const plan = z.strictObject({
  type: z.literal("plan"),
  block_id,
  title: words(LIMIT.taskTitle),
  tasks: z.array(taskCard).max(LIMIT.planTasks).optional(),
});

const cardFields = z.strictObject({
  type: z.literal("card"),
  block_id,
  hero_image: imageElement.optional(),
  icon: imageElement.optional(),
  title: mrkdwnText(LIMIT.cardTitle).optional(),
  subtitle: mrkdwnText(LIMIT.cardTitle).optional(),
  body: mrkdwnText(LIMIT.cardBody).optional(),
  actions: z.array(button).min(1).max(LIMIT.cardActions).optional(),
});
const card = cardFields.refine(
  ({ hero_image, title, body, actions: buttons }) => hero_image ?? title ?? body ?? buttons,
  "provide at least one of: hero_image, title, actions, body",
);
const carousel = z.strictObject({
  type: z.literal("carousel"),
  block_id,
  elements: z
    .array(z.discriminatedUnion("type", [card]))
    .min(1)
    .max(LIMIT.carouselCards),
});

const container = z
  .strictObject({
    type: z.literal("container"),
    block_id,
    title: plainText(LIMIT.containerTitle).optional(),
    rich_text_title: richText.optional(),
    subtitle: anyText(LIMIT.containerTitle).optional(),
    icon: imageElement.optional(),
    width: z.enum(["narrow", "standard", "wide", "full"]).optional(),
    is_collapsible: z.boolean().optional(),
    default_collapsed: z.boolean().optional(),
    has_header_divider: z.boolean().optional(),
    child_blocks: z
      .array(
        z.discriminatedUnion("type", [actions, context, divider, header, imageBlock, input, richText, section, table]),
      )
      .min(1)
      .max(LIMIT.containerChildren),
  })
  .refine((block) => block.title ?? block.rich_text_title, "provide at least one of: title, rich_text_title")
  .refine((block) => !block.default_collapsed || block.is_collapsible, "default_collapsed requires is_collapsible");

const markdown = z.strictObject({ type: z.literal("markdown"), block_id, text: words(LIMIT.markdownTotal) });
const alert = z.strictObject({
  type: z.literal("alert"),
  block_id,
  text: anyText(LIMIT.alert),
  level: z.enum(["default", "info", "warning", "error", "success"]).optional(),
});

const everywhere = [actions, context, divider, header, imageBlock, input, richText, section] as const;
const messageAndHome = [container, dataTable, dataVisualization, table] as const;

/** One schema per surface; a block that may not stand there is an unsupported type. */
export const blockSchema = {
  message: z.discriminatedUnion("type", [
    ...everywhere,
    ...messageAndHome,
    card,
    carousel,
    contextActions,
    markdown,
    plan,
    taskCard,
  ]),
  modal: z.discriminatedUnion("type", [...everywhere, alert, card]),
  home: z.discriminatedUnion("type", [...everywhere, ...messageAndHome, card, carousel]),
} as const satisfies Record<Surface, z.ZodType>;
