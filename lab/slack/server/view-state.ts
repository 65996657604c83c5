import type { Block, Json, ViewValues } from "../protocol.ts";

type Element = Json & { readonly type: string; readonly action_id: string };

/** For each kind of element: the field that holds what was chosen, and the field that pre-fills it. */
const FIELDS: Readonly<Record<string, readonly [chosen: string, initial: string]>> = {
  plain_text_input: ["value", "initial_value"],
  email_text_input: ["value", "initial_value"],
  url_text_input: ["value", "initial_value"],
  number_input: ["value", "initial_value"],
  rich_text_input: ["rich_text_value", "initial_value"],
  static_select: ["selected_option", "initial_option"],
  external_select: ["selected_option", "initial_option"],
  radio_buttons: ["selected_option", "initial_option"],
  checkboxes: ["selected_options", "initial_options"],
  multi_static_select: ["selected_options", "initial_options"],
  users_select: ["selected_user", "initial_user"],
  multi_users_select: ["selected_users", "initial_users"],
  channels_select: ["selected_channel", "initial_channel"],
  multi_channels_select: ["selected_channels", "initial_channels"],
  conversations_select: ["selected_conversation", "initial_conversation"],
  multi_conversations_select: ["selected_conversations", "initial_conversations"],
  datepicker: ["selected_date", "initial_date"],
  timepicker: ["selected_time", "initial_time"],
  datetimepicker: ["selected_date_time", "initial_date_time"],
};

const isElement = (value: unknown): value is Element =>
  typeof value === "object" && value !== null && "type" in value && "action_id" in value;

/** All interactive elements of a block, wherever they stand in it. */
export function elementsOf(block: Json): Element[] {
  return Object.values(block).flatMap((value) => {
    const inside = Array.isArray(value) ? value.flat() : [value];
    return inside.flatMap((item: unknown) => {
      if (typeof item !== "object" || item === null) return [];
      const deeper = elementsOf(item as Json);
      return isElement(item) ? [item, ...deeper] : deeper;
    });
  });
}

const optionsOf = (element: Element): readonly Json[] => {
  const groups = (element["option_groups"] as readonly Json[] | undefined) ?? [element];
  return groups.flatMap((group) => (group["options"] as readonly Json[] | undefined) ?? []);
};

/** The full option of the element that has the chosen value. */
export function fullOption(element: Element, chosen: unknown): unknown {
  const value = typeof chosen === "object" && chosen !== null && "value" in chosen ? chosen.value : undefined;
  return optionsOf(element).find((option) => option["value"] === value) ?? chosen;
}

/** What an element holds, as payloads show it. `given` is what a person chose; without it the initial value counts. */
export function chosenIn(element: Element, given: Json | undefined): Json | undefined {
  const fields = FIELDS[element.type];
  if (!fields) return undefined;
  const [chosen, initial] = fields;
  const many = chosen.endsWith("s");
  const value = given && chosen in given ? given[chosen] : element[initial];
  const full = Array.isArray(value)
    ? value.map((item) => fullOption(element, item))
    : chosen === "selected_option"
      ? fullOption(element, value)
      : value;
  return { type: element.type, [chosen]: full ?? (many ? [] : null) };
}

/** `view.state.values`: every input, and what was chosen elsewhere. */
export function stateOf(blocks: readonly Block[], given: ViewValues): ViewValues {
  const values: Record<string, Record<string, Json>> = {};
  for (const block of blocks)
    for (const element of elementsOf(block)) {
      const block_id = block.block_id ?? "";
      const answer = given[block_id]?.[element.action_id];
      const chosen = chosenIn(element, answer);
      if (!chosen || (block.type !== "input" && !answer)) continue;
      values[block_id] = { ...values[block_id], [element.action_id]: chosen };
    }
  return values;
}

const isEmpty = (chosen: Json | undefined): boolean =>
  Object.entries(chosen ?? {}).every(
    ([key, value]) => key === "type" || value === null || value === "" || (Array.isArray(value) && value.length === 0),
  );

/** What the Slack client itself refuses to submit, by block_id. */
export function inputErrors(blocks: readonly Block[], values: ViewValues): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const block of blocks) {
    const [element] = block.type === "input" ? elementsOf(block) : [];
    if (!element || !block.block_id) continue;
    const chosen = values[block.block_id]?.[element.action_id];
    if (isEmpty(chosen)) {
      if (block["optional"] !== true) errors[block.block_id] = "Please complete this required field.";
      continue;
    }
    const typed = chosen?.["value"];
    const { min_length: min = 0, max_length: max = Number.POSITIVE_INFINITY } = element as {
      min_length?: number;
      max_length?: number;
    };
    if (typeof typed === "string" && (typed.length < min || typed.length > max))
      errors[block.block_id] = `Please enter between ${min} and ${max} characters.`;
  }
  return errors;
}
