import { z } from "zod";
import { LIMIT } from "./limits.ts";
import { richText } from "./rich-text.ts";
import { anyText, imageElement, plainText, words } from "./text.ts";

const confirm = z
  .strictObject({
    title: plainText(LIMIT.confirmTitle).optional(),
    text: anyText(LIMIT.confirmText),
    confirm: plainText(LIMIT.confirmButton).optional(),
    deny: plainText(LIMIT.confirmButton).optional(),
    style: z.enum(["primary", "danger"]).optional(),
  })
  .optional();

const common = { action_id: words(LIMIT.id).optional(), confirm };
const focus = { focus_on_load: z.boolean().optional() };
const placeholder = { placeholder: plainText(LIMIT.placeholder).optional() };

export const button = z.strictObject({
  type: z.literal("button"),
  ...common,
  text: plainText(LIMIT.buttonText),
  value: z.string().max(LIMIT.buttonValue).optional(),
  url: z.string().max(LIMIT.url).optional(),
  style: z.enum(["primary", "danger"]).optional(),
  accessibility_label: z.string().max(LIMIT.buttonText).optional(),
});

const menuOption = z.strictObject({
  text: plainText(LIMIT.optionText),
  value: words(LIMIT.optionValue),
  description: plainText(LIMIT.optionText).optional(),
});
const overflowOption = menuOption.extend({ url: z.string().max(LIMIT.url).optional() });
const choiceOption = z.strictObject({
  text: anyText(LIMIT.optionText),
  value: words(LIMIT.optionValue),
  description: anyText(LIMIT.optionText).optional(),
});

const overflow = z.strictObject({
  type: z.literal("overflow"),
  ...common,
  options: z.array(overflowOption).min(1).max(LIMIT.overflowOptions),
});

const choices = { options: z.array(choiceOption).min(1).max(LIMIT.choiceOptions) };
const radioButtons = z.strictObject({
  type: z.literal("radio_buttons"),
  ...common,
  ...focus,
  ...choices,
  initial_option: choiceOption.optional(),
});
const checkboxes = z.strictObject({
  type: z.literal("checkboxes"),
  ...common,
  ...focus,
  ...choices,
  initial_options: z.array(choiceOption).min(1).optional(),
});

type Menu = { options?: unknown; option_groups?: unknown };
const oneMenu = (menu: Menu): boolean => (menu.options === undefined) !== (menu.option_groups === undefined);
const ONE_MENU = "provide exactly one of: options, option_groups";
const menuFields = {
  ...common,
  ...focus,
  ...placeholder,
  options: z.array(menuOption).min(1).max(LIMIT.options).optional(),
  option_groups: z
    .array(
      z.strictObject({ label: plainText(LIMIT.optionText), options: z.array(menuOption).min(1).max(LIMIT.options) }),
    )
    .min(1)
    .max(LIMIT.options)
    .optional(),
};
const maxItems = { max_selected_items: z.number().int().min(1).optional() };
const staticSelect = z
  .strictObject({ type: z.literal("static_select"), ...menuFields, initial_option: menuOption.optional() })
  .refine(oneMenu, ONE_MENU);
const multiStaticSelect = z
  .strictObject({
    type: z.literal("multi_static_select"),
    ...menuFields,
    ...maxItems,
    initial_options: z.array(menuOption).min(1).optional(),
  })
  .refine(oneMenu, ONE_MENU);

const picker = { ...common, ...focus, ...placeholder };
const urlEnabled = { response_url_enabled: z.boolean().optional() };
const ids = z.array(z.string()).optional();
const selects = [
  staticSelect,
  z.strictObject({ type: z.literal("users_select"), ...picker, initial_user: z.string().optional() }),
  z.strictObject({
    type: z.literal("channels_select"),
    ...picker,
    ...urlEnabled,
    initial_channel: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("conversations_select"),
    ...picker,
    ...urlEnabled,
    initial_conversation: z.string().optional(),
    default_to_current_conversation: z.boolean().optional(),
    filter: z.looseObject({}).optional(),
  }),
  z.strictObject({
    type: z.literal("external_select"),
    ...picker,
    initial_option: menuOption.optional(),
    min_query_length: z.number().int().min(0).optional(),
  }),
  multiStaticSelect,
  z.strictObject({ type: z.literal("multi_users_select"), ...picker, ...maxItems, initial_users: ids }),
  z.strictObject({ type: z.literal("multi_channels_select"), ...picker, ...maxItems, initial_channels: ids }),
  z.strictObject({
    type: z.literal("multi_conversations_select"),
    ...picker,
    ...maxItems,
    initial_conversations: ids,
    default_to_current_conversation: z.boolean().optional(),
    filter: z.looseObject({}).optional(),
  }),
] as const;

const pickers = [
  z.strictObject({
    type: z.literal("datepicker"),
    ...picker,
    initial_date: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/, "must be a date, YYYY-MM-DD")
      .optional(),
  }),
  z.strictObject({
    type: z.literal("timepicker"),
    ...picker,
    initial_time: z
      .string()
      .regex(/^\d{2}:\d{2}$/, "must be a time, HH:mm")
      .optional(),
    timezone: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("datetimepicker"),
    ...common,
    ...focus,
    initial_date_time: z.number().int().min(1_000_000_000).max(9_999_999_999).optional(),
  }),
] as const;

const typed = {
  action_id: common.action_id,
  ...focus,
  ...placeholder,
  dispatch_action_config: z.looseObject({}).optional(),
};
const initialText = { initial_value: z.string().max(LIMIT.inputLength).optional() };
const inputs = [
  z.strictObject({
    type: z.literal("plain_text_input"),
    ...typed,
    ...initialText,
    multiline: z.boolean().optional(),
    min_length: z.number().int().min(0).max(LIMIT.inputLength).optional(),
    max_length: z.number().int().min(1).max(LIMIT.inputLength).optional(),
  }),
  z.strictObject({ type: z.literal("email_text_input"), ...typed, ...initialText }),
  z.strictObject({ type: z.literal("url_text_input"), ...typed, ...initialText }),
  z.strictObject({
    type: z.literal("number_input"),
    ...typed,
    initial_value: z.string().optional(),
    is_decimal_allowed: z.boolean(),
    min_value: z.string().optional(),
    max_value: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("rich_text_input"),
    ...typed,
    initial_value: richText.optional(),
    min_lines: z.number().int().min(1).max(100).optional(),
    max_lines: z.number().int().min(1).max(100).optional(),
  }),
  z.strictObject({
    type: z.literal("file_input"),
    action_id: common.action_id,
    filetypes: z.array(z.string()).optional(),
    max_files: z.number().int().min(1).max(10).optional(),
  }),
] as const;

const feedback = z.strictObject({
  text: plainText(LIMIT.buttonText),
  value: z.string().max(LIMIT.buttonValue),
  accessibility_label: z.string().max(LIMIT.buttonText).optional(),
});
const contextActions = [
  z.strictObject({
    type: z.literal("feedback_buttons"),
    action_id: common.action_id,
    positive_button: feedback,
    negative_button: feedback,
  }),
  z.strictObject({
    type: z.literal("icon_button"),
    ...common,
    icon: words(LIMIT.id),
    text: plainText(LIMIT.buttonText),
    value: z.string().max(LIMIT.buttonValue).optional(),
    accessibility_label: z.string().max(LIMIT.buttonText).optional(),
    visible_to_user_ids: z.array(z.string()).optional(),
  }),
] as const;

export const actionsElement = z.discriminatedUnion("type", [
  button,
  overflow,
  radioButtons,
  checkboxes,
  ...selects,
  ...pickers,
  inputs[4],
]);
export const accessory = z.discriminatedUnion("type", [
  imageElement,
  button,
  overflow,
  radioButtons,
  checkboxes,
  ...selects,
  ...pickers,
]);
export const inputElement = z.discriminatedUnion("type", [radioButtons, checkboxes, ...selects, ...pickers, ...inputs]);
export const contextActionsElement = z.discriminatedUnion("type", [...contextActions]);
