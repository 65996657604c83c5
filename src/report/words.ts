import type { Language } from "#src/core/sentence.ts";
import type { Wording } from "./wording.ts";
import { english } from "./words-en.ts";
import { chinese } from "./words-zh.ts";

export type { FormWords, Withheld, Wording } from "./wording.ts";

/** What netcheck says, by language. */
export const wordings: Readonly<Record<Language, Wording>> = { en: english, zh: chinese };
