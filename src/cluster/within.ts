import { type ErrorCode, NetcheckError } from "../core/errors.ts";

/** Whoever does not answer in time is treated as away: NetcheckError with this code. The call is told to give up, too. */
export async function within<T>(
  limitMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  code: ErrorCode,
  who: string,
): Promise<T> {
  const overdue = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NetcheckError(code, `${who} did not answer within ${limitMs / 1_000} s.`));
      overdue.abort();
    }, limitMs);
  });
  try {
    return await Promise.race([call(overdue.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a promise brings within `limitMs`; undefined when it is not settled by then, or is none. It goes on. */
export async function settled<T>(promise: Promise<T> | undefined, limitMs: number): Promise<T | undefined> {
  if (promise === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
