import { z } from "zod";
import { LIMIT } from "./limits.ts";
import { type Problem, pointerOf, problemsOf } from "./problems.ts";
import { blockSchema, type Surface } from "./schema.ts";
import { plainText } from "./text.ts";

type Fields = { readonly [key: string]: unknown };
type Context = {
  readonly surface: Surface;
  /** Where the blocks stand in the request, e.g. "/blocks" or "/view/blocks". */
  readonly base?: string;
  /** Whether an uploaded image, named by id or url, is ready and may be shown. */
  readonly imageReady: (file: { readonly id?: unknown; readonly url?: unknown }) => boolean;
};

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Calls `visit` for every object below `value`, with its JSON pointer. */
function walk(value: unknown, pointer: string, visit: (fields: Fields, pointer: string) => void): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, `${pointer}/${index}`, visit);
  } else if (isFields(value)) {
    visit(value, pointer);
    for (const [key, item] of Object.entries(value)) walk(item, pointerOf(pointer, [key]), visit);
  }
}

const sameJson = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

function initialOptionProblems(element: Fields, pointer: string): Problem[] {
  const groups = Array.isArray(element["option_groups"]) ? element["option_groups"] : [element];
  const options = groups.flatMap((group: unknown) =>
    isFields(group) && Array.isArray(group["options"]) ? group["options"] : [],
  );
  if (options.length === 0) return [];
  const wanted = [element["initial_option"], element["initial_options"]]
    .flat()
    .filter((option) => option !== undefined);
  return wanted.some((option) => !options.some((offered) => sameJson(offered, option)))
    ? [{ pointer, message: "initial option must exactly match one of the options" }]
    : [];
}

/** What no schema of a single block can see: ids used twice, counts over the message, files that are not ready. */
function crossProblems(blocks: readonly unknown[], base: string, { imageReady }: Context): Problem[] {
  const problems: Problem[] = [];
  const blockIds = new Set<unknown>();
  const counts = { table: 0, data_visualization: 0 };
  let markdown = 0;
  walk(blocks, base, (fields, pointer) => {
    const { type } = fields;
    if (fields["block_id"] !== undefined && blockIds.has(fields["block_id"]))
      problems.push({ pointer: `${pointer}/block_id`, message: "block_id already exists" });
    else if (fields["block_id"] !== undefined) blockIds.add(fields["block_id"]);
    if (type === "table" && ++counts.table > LIMIT.tablesPerMessage)
      problems.push({ pointer, message: "only_one_table_allowed" });
    if (type === "data_visualization" && "chart" in fields && ++counts.data_visualization > LIMIT.chartsPerMessage)
      problems.push({ pointer, message: `no more than ${LIMIT.chartsPerMessage} data_visualization blocks allowed` });
    if (type === "markdown" && typeof fields["text"] === "string") markdown += fields["text"].length;
    if (isFields(fields["slack_file"]) && !imageReady(fields["slack_file"]))
      problems.push({ pointer: `${pointer}/slack_file`, message: "invalid slack file" });
    if (Array.isArray(fields["elements"])) {
      const actionIds = fields["elements"].filter(isFields).map((element) => element["action_id"]);
      const repeated = actionIds.findIndex((id, index) => id !== undefined && actionIds.indexOf(id) < index);
      if (repeated >= 0)
        problems.push({ pointer: `${pointer}/elements/${repeated}/action_id`, message: "action_id already exists" });
    }
    problems.push(...initialOptionProblems(fields, pointer));
  });
  if (markdown > LIMIT.markdownTotal)
    problems.push({ pointer: base, message: `must be less than ${LIMIT.markdownTotal + 1} characters of markdown` });
  return problems;
}

/** Everything that Slack would refuse in these blocks; empty when it would take them. */
export function blockProblems(blocks: unknown, context: Context): Problem[] {
  const { surface, base = "/blocks" } = context;
  if (!Array.isArray(blocks)) return [{ pointer: base, message: "must provide an array" }];
  const max = surface === "message" ? LIMIT.messageBlocks : LIMIT.viewBlocks;
  if (blocks.length > max) return [{ pointer: base, message: `no more than ${max} items allowed` }];
  const shape = z.array(blockSchema[surface]).safeParse(blocks);
  if (!shape.success) return problemsOf(shape.error.issues, blocks, base);
  return crossProblems(blocks, base, context);
}

/** Whether the blocks of one message are too long together; Slack says `msg_blocks_too_long` without a pointer. */
export function tooLongTogether(blocks: readonly { readonly type: string }[]): boolean {
  const counted = blocks.filter(({ type }) => type !== "table" && type !== "data_table");
  return JSON.stringify(counted).length > LIMIT.totalCharacters;
}

const viewFields = {
  blocks: z.array(z.unknown()),
  callback_id: z.string().max(LIMIT.id).optional(),
  private_metadata: z.string().max(LIMIT.privateMetadata).optional(),
  external_id: z.string().max(LIMIT.id).optional(),
};
const viewSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("modal"),
    ...viewFields,
    title: plainText(LIMIT.viewTitle),
    submit: plainText(LIMIT.viewTitle).optional(),
    close: plainText(LIMIT.viewTitle).optional(),
    clear_on_close: z.boolean().optional(),
    notify_on_close: z.boolean().optional(),
    submit_disabled: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal("home"), ...viewFields }),
]);

/** A view that Slack would take, or what is wrong with it. */
export type ViewCheck = { readonly view: z.infer<typeof viewSchema> } | { readonly problems: readonly Problem[] };

export function checkView(view: unknown, { imageReady }: Pick<Context, "imageReady">): ViewCheck {
  const parsed = viewSchema.safeParse(view);
  if (!parsed.success) return { problems: problemsOf(parsed.error.issues, view, "/view") };
  const problems = blockProblems(parsed.data.blocks, { surface: parsed.data.type, base: "/view/blocks", imageReady });
  const asks = parsed.data.blocks.some((block) => isFields(block) && block["type"] === "input");
  if (parsed.data.type === "modal" && asks && !parsed.data.submit)
    problems.push({ pointer: "/view", message: "missing required field: submit" });
  return problems.length > 0 ? { problems } : { view: parsed.data };
}
