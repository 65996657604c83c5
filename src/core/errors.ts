/** How an expected failure is handled: where people see it, whether the work is tried again, and how it is logged. */
type ErrorPolicy = {
  readonly shownIn: "ephemeral" | "thread" | "gap";
  readonly retry: boolean;
  readonly level: "debug" | "info" | "warn" | "error";
};

const typing = { shownIn: "ephemeral", retry: false, level: "debug" } as const;
const told = { shownIn: "thread", retry: false, level: "info" } as const;
const outage = { shownIn: "gap", retry: true, level: "warn" } as const;

/** The closed list of expected failures. A code without a policy does not compile. */
export const errorPolicy = {
  "bad-command": typing,
  "over-limit": typing,
  "not-allowed": typing,
  "queue-unavailable": { ...typing, level: "warn" },
  "bad-config": { shownIn: "thread", retry: false, level: "error" },
  "not-found": told,
  forbidden: told,
  cancelled: told,
  "cluster-unreachable": outage,
  "exec-failed": outage,
} as const satisfies Record<string, ErrorPolicy>;

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

/** Turns whatever was thrown into what the edges need. A bug is shown as an id to quote, never as its message. */
export function describeError(
  error: unknown,
  supportId: string,
): ErrorPolicy & { readonly code: ErrorCode | "internal"; readonly text: string } {
  if (!(error instanceof NetcheckError))
    return {
      code: "internal",
      shownIn: "thread",
      retry: false,
      level: "error",
      text: `Internal error, quote ${supportId}.`,
    };
  const text = error.hint ? `${error.message} ${error.hint}` : error.message;
  return { ...errorPolicy[error.code], code: error.code, text };
}
