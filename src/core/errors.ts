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
} as const satisfies Record<string, { readonly retry: boolean }>;

export type ErrorCode = keyof typeof errorPolicy;

/**
 * A failure that was expected: a user's mistake, a lost cluster, a wrong setting.
 * `message` is always safe to show to people; details stay in `cause`. `hint` is one imperative sentence.
 * A measurement that failed is a Gap, not this; anything else that is thrown is a bug.
 */
export class NetcheckError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, { hint, cause }: { hint?: string; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "NetcheckError";
    this.code = code;
    this.hint = hint;
  }
}
