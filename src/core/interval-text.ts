import { type Sentence, say } from "./sentence.ts";
import { percentText } from "./units.ts";

/** Wilson bounds in words: `95 % interval 22.8–27.6 %`. */
export function intervalText({ low, high }: { readonly low: number; readonly high: number }): Sentence {
  return say("95 % interval {range}", { range: `${percentText(low).slice(0, -2)}–${percentText(high)}` });
}
