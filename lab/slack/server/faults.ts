import { z } from "zod";

/**
 * One scripted fault of the Web API. It strikes the next `count` calls of `method` ("*" for all), in `channel` if given.
 * rate_limited: 429 with Retry-After. http_error: a 5xx. drop: the connection breaks. hang: no answer, ever.
 * error: `{ ok: false, error }`. `when` says whether Slack had accepted the call: after means that it took effect.
 */
export const faultSchema = z.strictObject({
  method: z.string().min(1),
  channel: z.string().optional(),
  kind: z.enum(["rate_limited", "http_error", "drop", "hang", "error"]),
  when: z.enum(["before", "after"]).default("before"),
  count: z.number().int().min(1).default(1),
  retryAfterS: z.number().int().min(0).default(1),
  status: z.number().int().min(500).max(599).default(503),
  error: z.string().default("internal_error"),
});
export type Fault = z.infer<typeof faultSchema>;
type FaultInput = z.input<typeof faultSchema>;

/** How the lab deviates from a quiet day; changed at any time. */
export const quirksSchema = z.strictObject({
  /** Milliseconds until an upload has its mimetype and its shares, and its message appears. */
  fileReadyMs: z.number().min(0).optional(),
  /** This many completions answer ok and never share the file. */
  filesNeverShared: z.number().int().min(0).optional(),
  /** Files appear only after the next message in their channel. */
  fileAfterNextMessage: z.boolean().optional(),
  /** Leave context_team_id out of app_mention payloads, as seen with Slack Connect. */
  omitContextTeamId: z.boolean().optional(),
  /** Enforce Slack's rate limits. */
  rateLimits: z.boolean().optional(),
});
type QuirksInput = z.infer<typeof quirksSchema>;
export type Quirks = { -readonly [K in keyof QuirksInput]-?: NonNullable<QuirksInput[K]> };

export const defaultQuirks: Quirks = {
  fileReadyMs: 300,
  filesNeverShared: 0,
  fileAfterNextMessage: false,
  omitContextTeamId: false,
  rateLimits: false,
};

export type Faults = {
  readonly add: (fault: FaultInput) => void;
  readonly clear: () => void;
  readonly list: () => readonly Fault[];
  /** The fault that strikes this call, used up by one. */
  readonly take: (method: string, channel: string | undefined) => Fault | undefined;
};

export function createFaults(): Faults {
  let faults: Fault[] = [];
  return {
    add: (fault) => void faults.push(faultSchema.parse(fault)),
    clear: () => {
      faults = [];
    },
    list: () => faults,
    take: (method, channel) => {
      const struck = faults.find(
        (fault) => (fault.method === "*" || fault.method === method) && (!fault.channel || fault.channel === channel),
      );
      if (struck && --struck.count <= 0) faults = faults.filter((fault) => fault !== struck);
      return struck;
    },
  };
}
