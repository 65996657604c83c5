import { inWords, say, type Text } from "./sentence.ts";

/** The closed list of expected failures, and whether the same may succeed when it is tried again. */
export const errorPolicy = {
  "bad-command": { retry: false },
  "over-limit": { retry: false },
  "not-allowed": { retry: false },
  "queue-unavailable": { retry: false },
  "bad-config": { retry: false },
  "not-found": { retry: false },
  forbidden: { retry: false },
  cancelled: { retry: false },
  "cluster-unreachable": { retry: true },
  "exec-failed": { retry: true },
  "disk-full": { retry: true },
  damaged: { retry: true },
  "store-unavailable": { retry: true },
} as const satisfies Record<string, { readonly retry: boolean }>;

export type ErrorCode = keyof typeof errorPolicy;

/**
 * A failure that was expected: a user's mistake, a lost cluster, a wrong setting.
 * `text` is always safe to show to people, and `message` is the same in English; details stay in `cause`. `hint` is one
 * imperative sentence.
 * A measurement that failed is a Gap, not this; anything else that is thrown is a bug.
 */
export class NetcheckError extends Error {
  readonly code: ErrorCode;
  readonly text: Text;
  readonly hint: Text | undefined;

  constructor(code: ErrorCode, text: Text, { hint, cause }: { hint?: Text; cause?: unknown } = {}) {
    super(inWords(text), cause === undefined ? undefined : { cause });
    this.name = "NetcheckError";
    this.code = code;
    this.text = text;
    this.hint = hint;
  }
}

/** What happened and what to do, as one text. */
export function fullText({ text, hint }: NetcheckError): Text {
  return hint === undefined ? text : say("{text} {hint}", { text, hint });
}
