import { chinese } from "./sentences-zh.ts";

/**
 * What netcheck says about causes, in more than one language. A rule writes its sentence in English with names in braces;
 * the English text is the key of its translation in `sentences-zh.ts`, and the compiler refuses a sentence that has none.
 */

export type Language = "en" | "zh";

export type Template = keyof typeof chinese;

/** What may stand in braces. Names, addresses and numbers with SI units read the same in every language. */
export type Value = string | number | Sentence | Listed;

/** `a, b and c`; long lists end in `and 4 more`. */
type Listed = { readonly list: readonly Value[]; readonly most: number };

export type Sentence = { readonly template: Template; readonly values: Readonly<Record<string, Value>> };

/** A sentence, or text that is the same in every language: a command, a line of a log. */
export type Text = string | Sentence;

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

/** A text in one language. */
export function inWords(text: Text, language: Language = "en"): string {
  if (typeof text === "string") return text;
  const template = language === "zh" ? chinese[text.template] : text.template;
  return template.replaceAll(/\{(\w+)\}/g, (braces, name: string) => {
    const value = text.values[name];
    return value === undefined ? braces : valueInWords(value, language);
  });
}

function valueInWords(value: Value, language: Language): string {
  if (typeof value === "number") return value.toLocaleString("en-US");
  if (typeof value === "string" || "template" in value) return inWords(value, language);
  const { list, most } = value;
  const kept = list.length > most ? list.slice(0, most - 1) : list;
  const shown = kept.map((one) => valueInWords(one, language));
  if (kept.length < list.length)
    shown.push(inWords(say("{count} more", { count: list.length - kept.length }), language));
  const last = shown.pop() ?? "";
  if (shown.length === 0) return last;
  return language === "zh" ? `${shown.join("、")} 和 ${last}` : `${shown.join(", ")} and ${last}`;
}
