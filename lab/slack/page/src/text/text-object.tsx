import type { TextObject } from "@slack/types";
import { Mrkdwn } from "./draw-text.tsx";
import { withEmoji } from "./emoji.ts";
import { unescapeText } from "./mrkdwn.ts";

/** A text object of a block: mrkdwn, or plain text with emoji codes. */
export function Text({ text }: { text: TextObject }) {
  return text.type === "mrkdwn" ? <Mrkdwn text={text.text} /> : <div className="text text-plain">{plain(text)}</div>;
}

/** The characters of a plain text object, for labels and attributes. */
export function plain(text: TextObject | undefined, otherwise = ""): string {
  return text ? withEmoji(unescapeText(text.text)) : otherwise;
}
