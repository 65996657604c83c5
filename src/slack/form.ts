import type { ModalView } from "@slack/types";
import type { Pointer } from "../commands/grammar/bad-command.ts";
import type { FormWords } from "../report/words.ts";

export const FORM = "netcheck_form";

/** The fields of the form, in the order in which they make a command line. */
const FIELDS = ["from", "to", "duration"] as const;
type Field = (typeof FIELDS)[number];

/** What the form was opened for; travels in its private metadata. */
export type FormPlace = { readonly channel: string };

/** The form that an empty command opens: the same words as the command line, one per field. `cluster` is what no `@cluster` means. */
export function drawForm(place: FormPlace, words: FormWords, cluster: string | undefined): ModalView {
  const hints = { from: words.fromHint(cluster), to: words.toHint, duration: words.durationHint };
  return {
    type: "modal",
    callback_id: FORM,
    private_metadata: JSON.stringify(place),
    title: { type: "plain_text", text: words.title },
    submit: { type: "plain_text", text: words.submit },
    close: { type: "plain_text", text: words.close },
    blocks: FIELDS.map((field) => ({
      type: "input",
      block_id: field,
      optional: field === "duration",
      label: { type: "plain_text", text: words[field] },
      hint: { type: "plain_text", text: hints[field] },
      element: {
        type: "plain_text_input",
        action_id: field,
        max_length: 300,
        placeholder: { type: "plain_text", text: { from: "web-0", to: "svc/shop/db:5432", duration: "10m" }[field] },
      },
    })),
  };
}

type Values = Readonly<Record<string, Readonly<Record<string, { readonly value?: string | null | undefined }>>>>;

/** The form as a command line. */
export function formLine(values: Values): string {
  return ["check", ...FIELDS.map((field) => values[field]?.[field]?.value?.trim() ?? "")]
    .filter((part) => part !== "")
    .join(" ");
}

/** The field in which a mistake stands: the one whose text covers the place that the pointer shows. */
export function fieldAt(values: Values, pointer: Pointer | undefined): Field {
  if (pointer === undefined) return "from";
  const bad = pointer.line.slice(pointer.start, pointer.end).toLowerCase();
  const holds = (field: Field): boolean => (values[field]?.[field]?.value ?? "").toLowerCase().includes(bad);
  return (bad === "" ? undefined : FIELDS.find(holds)) ?? (bad === "" ? "to" : "from");
}
