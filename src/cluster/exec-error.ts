import type { KubeStatus } from "./exec-status.ts";

/**
 * Why an exec has no exit code.
 * http: the upgrade was refused (`code`, `status`) · connect: no connection, name or TLS · lost: closed without a status,
 * so the outcome is unknown · timeout · aborted · api: the API answered, but not with an exit code · sink: the consumer
 * failed or the output passed its cap.
 */
export type ExecFailure = "http" | "connect" | "lost" | "timeout" | "aborted" | "api" | "sink";

export class ExecError extends Error {
  readonly kind: ExecFailure;
  /** HTTP code of a refused upgrade. */
  readonly code: number | undefined;
  /** What the API server said about it, when it said something readable. */
  readonly status: KubeStatus | undefined;

  constructor(
    kind: ExecFailure,
    message: string,
    { code, status, cause }: { code?: number; status?: KubeStatus | undefined; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ExecError";
    this.kind = kind;
    this.code = code;
    this.status = status;
  }
}

/**
 * Whether the same exec may be sent again. What never reached the container always may; what may have run there only when
 * running it twice does no harm; what was answered never.
 */
export function mayRetry(error: unknown, { idempotent }: { readonly idempotent: boolean }): boolean {
  if (!(error instanceof ExecError)) return false;
  switch (error.kind) {
    case "connect":
      return true;
    case "http":
      return error.code === 429 || (error.code ?? 0) >= 500;
    case "lost":
    case "timeout":
      return idempotent;
    case "api":
    case "sink":
    case "aborted":
      return false;
  }
}
