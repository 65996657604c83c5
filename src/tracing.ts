import { z } from "zod";

/** W3C Trace Context §3.2: which span of which trace something belongs to, as it travels with a job. */
export const traceparentSchema = z.string().regex(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/);

/** What a job carries of its trace. One that cannot be read must not cost the job. */
export const carriedSchema = z.object({ traceparent: traceparentSchema.optional().catch(undefined) });
export type Carried = z.infer<typeof carriedSchema>;

export type SpanAbout = {
  /** The traceparent that this is beneath. Absent: what goes on around it. Where neither is known nothing is recorded … */
  readonly parent?: string | undefined;
  /** … unless this may begin a trace. */
  readonly root?: true;
  readonly kind?: "server" | "client" | "producer" | "consumer";
  /** Names as in OpenTelemetry's semantic conventions, else `netcheck.…`. Never a pod, a node, an address or a person. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
};

/** Records how long the parts of a check take, across processes. */
export type Tracing = {
  /** Does `work` as a span; an error is recorded by its code, never by its message, and thrown on. */
  readonly span: <T>(name: string, about: SpanAbout, work: () => Promise<T>) => Promise<T>;
  /**
   * Does `work` beneath a span that outlives it and this process: the ticks of a job. Whoever does the last one says with `past`, by
   * the same `key`, how long it was.
   */
  readonly within: <T>(
    at: { readonly parent: string | undefined; readonly key: string },
    work: () => Promise<T>,
  ) => Promise<T>;
  /** A span that is over. Times are Unix milliseconds. */
  readonly past: (
    name: string,
    about: SpanAbout & { readonly key?: string; readonly startMs: number; readonly endMs: number },
  ) => void;
  /** What a job that is made here has to carry. */
  readonly carried: () => Carried;
  /** Sends what is left, for a few seconds at most. */
  readonly stop: () => Promise<void>;
};

/** Traces nothing and loads nothing. */
export const untraced: Tracing = {
  span: (_name, _about, work) => work(),
  within: (_at, work) => work(),
  past: () => undefined,
  carried: () => ({}),
  stop: async () => undefined,
};
