import type { Report } from "#src/core/report.ts";
import { LAYERS, layerOf } from "./layers.ts";
import { readableSubject } from "./places.ts";
import type { Wording } from "./words.ts";

/** One line of the check list: what it is about, and what there is to say. `of` is how many things it stands for. */
export type Line = { readonly name: string; readonly detail: string; readonly of: number };

/** Up to this many causes are ruled out one by one, each with its reason; more are named by layer. */
const EACH = 10;
const NAMES = 4;
const SUBJECTS = 3;

/** What could not be decided: causes that lack the same are one line, those with a reason of their own come first. */
export function unknownLines({ unknown }: Report, wording: Wording): readonly Line[] {
  const groups = [...Map.groupBy(unknown, ({ because }) => because)];
  return groups
    .toSorted(([, a], [, b]) => Number(a.length > 1) - Number(b.length > 1) || b.length - a.length)
    .map(([because, all]) => ({
      name: some(
        all.map(({ cause }) => wording.cause(cause)),
        NAMES,
        wording,
      ),
      detail: because,
      of: all.length,
    }));
}

/** What could not be measured: by what stood in the way, and what is left by place; the largest groups first. */
export function gapLines({ gaps }: Report, wording: Wording): readonly Line[] {
  const byReason = [...Map.groupBy(gaps, ({ reason }) => reason.replaceAll(CLOCK, "")).values()];
  const alone = byReason.filter(({ length }) => length === 1).flat();
  const bySubject = [...Map.groupBy(alone, ({ subject }) => subject).values()];
  return [...byReason.filter(({ length }) => length > 1), ...bySubject]
    .toSorted((a, b) => b.length - a.length)
    .map((all) => {
      const list = (names: readonly string[], most: number): string => some([...new Set(names)], most, wording);
      const reasons = new Set(all.map(({ reason }) => reason.replaceAll(CLOCK, "")));
      return {
        name: list(
          all.map(({ probe }) => probe),
          NAMES,
        ),
        detail: wording.about(
          list(
            all.map(({ subject }) => readableSubject(subject)),
            SUBJECTS,
          ),
          list(reasons.size === 1 ? [all[0]?.reason ?? ""] : [...reasons], 2),
        ),
        of: all.length,
      };
    });
}

const CLOCK = /(?<=\D)\d\d:\d\d:\d\d(?= UTC)/g;

/** What was ruled out: each with its reason while they are few, and by layer when they are many. */
export function clearedLines(report: Report, wording: Wording): readonly Line[] {
  return report.cleared.length <= EACH ? everyClearedLine(report, wording) : byLayer(report, wording);
}

/** Each with its reason, layer by layer. */
export function everyClearedLine({ cleared }: Report, wording: Wording): readonly Line[] {
  return cleared
    .toSorted((a, b) => LAYERS.indexOf(layerOf(a.cause)) - LAYERS.indexOf(layerOf(b.cause)))
    .map(({ cause, because }) => ({ name: wording.cause(cause), detail: because, of: 1 }));
}

function byLayer({ cleared }: Report, wording: Wording): readonly Line[] {
  const groups = Map.groupBy(cleared, ({ cause }) => layerOf(cause));
  return LAYERS.flatMap((layer) => {
    const names = (groups.get(layer) ?? []).map(({ cause }) => wording.cause(cause));
    return names.length === 0 ? [] : [{ name: wording.layers[layer], detail: wording.names(names), of: names.length }];
  });
}

function some(names: readonly string[], most: number, wording: Wording): string {
  const shown = names.length > most ? names.slice(0, most - 1) : names;
  const rest = names.length - shown.length;
  return rest === 0 ? wording.names(shown) : `${wording.names(shown)} ${wording.more(rest)}`;
}
