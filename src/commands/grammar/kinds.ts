import { type Sentence, say } from "#src/core/sentence.ts";
import type { Target } from "#src/core/target.ts";

/** What kind of thing an end is. Names of Kubernetes stay as kubectl has them in Chinese, too. */
export function kindWord(kind: Target["kind"]): Sentence {
  return say(kind);
}
