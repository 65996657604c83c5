import { z } from "zod";
import { LIMIT } from "./limits.ts";

/** A string of 1 to `max` characters. */
export const words = (max: number) => z.string().min(1).max(max);

export const plainText = (max: number) =>
  z.strictObject({ type: z.literal("plain_text"), text: words(max), emoji: z.boolean().optional() });

const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal("mrkdwn"), text: words(max), verbatim: z.boolean().optional() });

export const anyText = (max: number) => z.discriminatedUnion("type", [plainText(max), mrkdwn(max)]);

/** Card titles are mrkdwn only. */
export const mrkdwnText = mrkdwn;

export const contextTexts = [plainText(LIMIT.text), mrkdwn(LIMIT.text)] as const;

const slackFile = z
  .strictObject({ id: z.string().optional(), url: z.string().max(LIMIT.url).optional() })
  .refine((file) => (file.id === undefined) !== (file.url === undefined), "provide exactly one of: id, url");

const imageFields = {
  type: z.literal("image"),
  alt_text: z.string().max(LIMIT.imageText),
  image_url: words(LIMIT.url).optional(),
  slack_file: slackFile.optional(),
};

const oneSource = (image: { image_url?: unknown; slack_file?: unknown }): boolean =>
  (image.image_url === undefined) !== (image.slack_file === undefined);

export const imageElement = z
  .strictObject(imageFields)
  .refine(oneSource, "provide exactly one of: image_url, slack_file");

export const imageBlock = z
  .strictObject({
    ...imageFields,
    block_id: z.string().max(LIMIT.id).optional(),
    title: plainText(LIMIT.imageText).optional(),
  })
  .refine(oneSource, "provide exactly one of: image_url, slack_file");
