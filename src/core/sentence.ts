import { z } from "zod";
import { chinese } from "./sentences-zh.ts";

/**
 * What netcheck says about causes, in more than one language. A rule writes its sentence in English with names in braces;
 * the English text is the key of its translation in `sentences-zh.ts`, and the compiler refuses a sentence that has none.
 */

export const languageSchema = z.enum(["en", "zh"]);
export type Language = z.infer<typeof languageSchema>;

export type Template = keyof typeof chinese;

/** What may stand in braces. Names, addresses and numbers with SI units read the same in every language. */
export type Value = string | number | Sentence | Listed;

/** `a, b and c`; long lists end in `and 4 more`. */
type Listed = { readonly list: readonly Value[]; readonly most: number };

export type Sentence = { readonly template: Template; readonly values: Readonly<Record<string, Value>> };

/** A sentence, or text that is the same in every language: a command, a line of a log. */
export type Text = string | Sentence;

const valueSchema: z.ZodType<Value> = z.lazy(() =>
  z.union([z.string(), z.number(), sentenceSchema, z.object({ list: z.array(valueSchema), most: z.number() })]),
);
const sentenceSchema: z.ZodType<Sentence> = z.object({
  template: z.custom<Template>((template) => typeof template === "string"),
  values: z.record(z.string(), valueSchema),
});
/** A text that crosses Redis. */
export const textSchema: z.ZodType<Text> = z.union([z.string(), sentenceSchema]);

type Names<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** A sentence with its values. Each name in braces needs a value. */
export function say<const T extends Template>(
  template: T,
  ...[values]: [Names<T>] extends [never] ? [] : [Readonly<Record<Names<T>, Value>>]
): Sentence {
  return { template, values: values ?? {} };
}

export function listed(list: readonly Value[], most = 4): Listed {
  return { list, most };
}

/** Nouns that are counted. Each needs its two forms in the catalogue: `{count} leg`, `{count} legs`. */
type Noun = Template extends infer T ? (T extends `{count} ${infer N}` ? N : never) : never;

/** `1 packet`, `12,345 packets`. `many` is for nouns that do not just take an s. */
export function counted<const N extends Noun>(count: number, noun: N, many: Noun = `${noun}s` as Noun): Sentence {
  return { template: `{count} ${count === 1 ? noun : many}` as Template, values: { count } };
}

/** A text in one language. A template that this version does not know is said in English: it crossed Redis. */
export function inWords(text: Text, language: Language = "en"): string {
  if (typeof text === "string") return text;
  const translated: string | undefined = language === "zh" ? chinese[text.template] : undefined;
  const said = (translated === undefined ? text.template : wideMarks(translated)).replaceAll(
    /\{(\w+)\}/g,
    (braces, name: string) => {
      const value = text.values[name];
      return value === undefined ? braces : valueInWords(value, language);
    },
  );
  return language === "zh" ? said.replaceAll(SPACE_WITHIN_CHINESE, "") : said;
}

const WIDE_MARKS: Readonly<Record<string, string>> = {
  ",": "，",
  ";": "；",
  ":": "：",
  "?": "？",
  "!": "！",
  "(": "（",
  ")": "）",
};

/** Marks of a Chinese template are full-width, however they were typed; those within numbers and addresses stay. */
function wideMarks(template: string): string {
  if (!/[\u4e00-\u9fff]/.test(template)) return template;
  return template.replaceAll(/(?<!\d)[,?!] *|[,?!] *(?!\d)|; *|:(?!\d|\{port|\/\/) *| *\(|\) */g, (mark) => {
    return WIDE_MARKS[mark.trim()] ?? mark;
  });
}

/** Chinese is written without spaces; between it and a Latin name there may be one. */
const SPACE_WITHIN_CHINESE =
  /(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])|(?<=[，。：；、（）]) +(?=\S)|(?<=\S) +(?=[，。：；、（）])/g;

function valueInWords(value: Value, language: Language): string {
  if (typeof value === "number") return value.toLocaleString("en-US");
  if (typeof value === "string" || "template" in value) return inWords(value, language);
  const { list, most } = value;
  const inOrder = list.map((one) => valueInWords(one, language));
  const marks = language === "zh" ? ["、", " 和 "] : [", ", " and "];
  if (inOrder.length > most) {
    const kept = inOrder.slice(0, most - 1).join(marks[0]);
    return inWords(say("{list} and {count} more", { list: kept, count: list.length - most + 1 }), language);
  }
  const last = inOrder.pop() ?? "";
  return inOrder.length === 0 ? last : `${inOrder.join(marks[0])}${marks[1]}${last}`;
}
