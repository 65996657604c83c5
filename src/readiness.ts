import { NetcheckError } from "./core/errors.ts";

/** Something without which a process cannot work. Says what is wrong, or throws, while it is not there. */
export type Need = () => string | undefined | Promise<string | undefined>;

/** A probe that hears nothing for longer counts as failed: Kubernetes waits 1 s by default, curl for ever. */
const ANSWER_MS = 900;

/** `lines`: one per need, in the words of Kubernetes' own probes: `[+]redis ok`, `[-]slack: not connected`. */
export type Readiness = { readonly ready: boolean; readonly lines: readonly string[] };

export async function judge(needs: ReadonlyMap<string, Need>, answerMs: number = ANSWER_MS): Promise<Readiness> {
  const missing = await Promise.all([...needs.values()].map((need) => troubleOf(need, answerMs)));
  const lines = [...needs.keys()].map((name, at) =>
    missing[at] === undefined ? `[+]${name} ok` : `[-]${name}: ${missing[at]}`,
  );
  return { ready: missing.every((trouble) => trouble === undefined), lines };
}

async function troubleOf(need: Need, answerMs: number): Promise<string | undefined> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(`no answer within ${answerMs} ms`), answerMs);
  try {
    return await Promise.race([need(), late.promise]);
  } catch (error) {
    // Only what is written for people: other messages may carry addresses of a database with its password.
    return error instanceof NetcheckError ? error.message : "does not answer";
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A need that one failure does not take away: it is there while `ask` succeeded within `graceMs`. It is asked at most once at a time
 * and every `everyMs`, however many probes look.
 */
export function lately(
  ask: () => Promise<unknown>,
  { graceMs, everyMs, nowMs }: { readonly graceMs: number; readonly everyMs: number; readonly nowMs: () => number },
): Need {
  let askedMs = Number.NEGATIVE_INFINITY;
  let heardMs = Number.NEGATIVE_INFINITY;
  let newest: Promise<void> = Promise.resolve();
  return async () => {
    if (nowMs() - askedMs >= everyMs) {
      askedMs = nowMs();
      newest = ask().then(() => {
        heardMs = nowMs();
      });
      newest.catch(() => undefined);
    }
    if (nowMs() - heardMs > graceMs) await newest;
    return undefined;
  };
}
