import type { Cause, Report } from "#src/core/report.ts";
import {
  type Block,
  context,
  header,
  type Message,
  type RichPiece,
  richLine,
  richList,
  richPreformatted,
  richText,
} from "./blocks.ts";
import { ACTIONS } from "./headline.ts";
import { LIMITS } from "./limits.ts";
import { safe } from "./mrkdwn.ts";
import { readablePlace } from "./places.ts";
import type { Wording } from "./words.ts";

const MAX_CAUSES = 3;
const MAX_LINES = 6;

/** Suspected causes, at most three: where, how sure, the numbers for and against, how to confirm, what to do. */
export function drawCauses(report: Report, wording: Wording): Message {
  const shown = report.causes.slice(0, MAX_CAUSES);
  const hidden = report.causes.length - shown.length;
  const blocks: Block[] = [header(wording.causes(shown.length))];
  for (const [index, cause] of shown.entries()) {
    blocks.push(drawCause(cause, index + 1, wording), feedback(report.check, cause, index + 1, wording));
  }
  if (hidden > 0) blocks.push(context(wording.moreCauses(hidden)));
  const text = shown
    .map((cause) => `${wording.at(cause.title, readablePlace(cause.where))} (${wording.confidence[cause.confidence]})`)
    .join("; ");
  return { text: safe(text), blocks };
}

function drawCause(cause: Cause, rank: number, wording: Wording): Block {
  const elements: object[] = [
    richLine(
      { text: `${rank}. ${cause.title}`, bold: true },
      { text: ` · ${readablePlace(cause.where)} · ${wording.sure(wording.confidence[cause.confidence])}` },
    ),
  ];
  const list = (name: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    elements.push(richLine(title(name)), richList(limited(lines, wording)));
  };
  list(wording.because, cause.because);
  list(wording.against, cause.against);
  list(
    wording.explains,
    cause.explains.map((one) =>
      wording.about(wording.at(wording.cause(one.cause), readablePlace(one.where)), one.because[0] ?? ""),
    ),
  );
  list(wording.doNext, cause.advice);
  if (cause.confirm.length > 0)
    elements.push(richLine(title(wording.confirm)), richPreformatted(limited(cause.confirm, wording).join("\n")));
  return richText(elements);
}

const title = (name: string): RichPiece => ({ text: name, bold: true });

function limited(lines: readonly string[], wording: Wording): readonly string[] {
  if (lines.length <= MAX_LINES) return lines;
  return [...lines.slice(0, MAX_LINES - 1), wording.more(lines.length - MAX_LINES + 1)];
}

/** The value says which cause was judged: `<check> <cause> right|wrong`. */
function feedback(check: string, { cause }: Cause, rank: number, wording: Wording): Block {
  const button = (text: string, answer: "right" | "wrong") => ({
    text: { type: "plain_text", text: text.slice(0, LIMITS.button) },
    value: `${check} ${cause} ${answer}`,
  });
  return {
    type: "context_actions",
    // Two places may have the same cause, and Slack refuses a message in which two blocks have the same id.
    block_id: `why:${check}:${rank}`,
    elements: [
      {
        type: "feedback_buttons",
        action_id: ACTIONS.feedback,
        positive_button: button(wording.right, "right"),
        negative_button: button(wording.wrong, "wrong"),
      },
    ],
  };
}
