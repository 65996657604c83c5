/** A refusal of the Web API: `{ ok: false, error }` with HTTP 200, as Slack answers. */
export class ApiError extends Error {
  readonly error: string;
  /** Further fields of the answer, such as `errors`, `needed`, `provided` and `response_metadata`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(error: string, details: Readonly<Record<string, unknown>> = {}) {
    super(error);
    this.name = "ApiError";
    this.error = error;
    this.details = details;
  }
}

/** A refusal of the control API: what a person at the keyboard could not have done either. */
export class LabError extends Error {
  readonly status: number;

  constructor(message: string, { status = 400 }: { status?: number } = {}) {
    super(message);
    this.name = "LabError";
    this.status = status;
  }
}

/** Wrong arguments, worded as Slack does in `response_metadata.messages`. */
export const invalidArguments = (...messages: readonly string[]): ApiError =>
  new ApiError("invalid_arguments", { response_metadata: { messages: messages.map((text) => `[ERROR] ${text}`) } });
