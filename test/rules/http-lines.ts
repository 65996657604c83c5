import type { Scene } from "../core/simulate.ts";
import { startOf } from "../core/simulate.ts";

/** How connections of one place to the target go: its n-th, as `netcheck-http` prints it from the outcome on. */
type Habit = (n: number) => string;

export const answers =
  (waitMs: number, status = 200): Habit =>
  () =>
    `answer 0.210 ${waitMs.toFixed(3)} ${(waitMs + 0.4).toFixed(3)} ${status} 0 0 180 -`;
export const noAnswer: Habit = () => "no-answer 0.210 4999.790 5000.000 - 0 0 180 -";
export const isReset: Habit = () => "reset 0.210 0.900 1.110 - 0 0 180 -";
export const someOf =
  (every: number, bad: Habit, good: Habit): Habit =>
  (n) =>
    n % every === 0 ? bad(n) : good(n);

/**
 * What the program behind shop/api-1:7000 did, as seen from the source (shop/api-0), its node (graz), the pod beside it
 * (shop/cart-1) and itself.
 */
export function program(
  seen: { readonly source?: Habit; readonly node?: Habit; readonly beside?: Habit; readonly self?: Habit },
  { count = 12, mode = "head" }: { readonly count?: number; readonly mode?: "head" | "tls" | "hello" } = {},
): Pick<Scene, "surveys"> {
  const habits: Record<string, Habit | undefined> = {
    "shop/api-0": seen.source,
    graz: seen.node,
    "shop/cart-1": seen.beside,
    "shop/api-1": seen.self,
  };
  return {
    surveys: (at, probe) => {
      const habit = probe === "http" ? habits[at.label] : undefined;
      if (!habit) return undefined;
      const lines = Array.from(
        { length: count },
        (_, n) => `${startOf + n * 1_500}.250 10.42.1.5 7000 ${mode} ${habit(n)}`,
      );
      return `${lines.join("\n")}\n`;
    },
  };
}
