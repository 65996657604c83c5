import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import {
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, RandomIdGenerator, TracerProvider } from "@opentelemetry/sdk-trace";
import { NetcheckError } from "./core/errors.ts";
import { type Log, occasionally } from "./log.ts";
import type { SpanAbout, Tracing } from "./tracing.ts";

/** A collector that is away must not hold up the end of a process. */
const LAST_SEND_MS = 3_000;

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/**
 * Sends spans to an OpenTelemetry collector by OTLP over HTTP, as JSON. Only imported where traces are wanted. Headers, certificates and
 * time limits are what OpenTelemetry's own variables say; `name` is host:pid.
 */
export function otlpTracing({
  url,
  service,
  name,
  log,
}: {
  readonly url: string;
  readonly service: string;
  readonly name: string;
  readonly log: Log;
}): Tracing {
  const complain = occasionally(log, "traces cannot be sent");
  const quiet = () => undefined;
  diag.setLogger(
    { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const ids = new RandomIdGenerator();
  let nextSpanId: string | undefined;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": service, "service.instance.id": name }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })],
    idGenerator: {
      generateTraceId: () => ids.generateTraceId(),
      generateSpanId: () => nextSpanId ?? ids.generateSpanId(),
    },
  });
  const tracer = provider.getTracer("netcheck");
  const around = new AsyncLocalStorage<SpanContext | undefined>();

  const parentOf = ({ parent }: SpanAbout): SpanContext | undefined =>
    parent === undefined ? around.getStore() : contextOf(parent);

  function start(title: string, about: SpanAbout, { startMs, key }: { startMs?: number; key?: string } = {}) {
    const parent = parentOf(about);
    if (parent === undefined && !about.root) return undefined;
    nextSpanId = key === undefined ? undefined : spanIdOf(key);
    try {
      return tracer.startSpan(
        title,
        {
          ...(about.kind && { kind: KINDS[about.kind] }),
          ...(about.attributes && { attributes: about.attributes }),
          ...(startMs !== undefined && { startTime: startMs }),
        },
        parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent),
      );
    } finally {
      nextSpanId = undefined;
    }
  }

  return {
    async span(title, about, work) {
      const span = start(title, about);
      if (span === undefined) return work();
      try {
        return await around.run(span.spanContext(), work);
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute("error.type", typeOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
    within({ parent, key }, work) {
      const above = parent === undefined ? undefined : contextOf(parent);
      return around.run(above && { ...above, spanId: spanIdOf(key) }, work);
    },
    past(title, { startMs, endMs, key, ...about }) {
      start(title, about, { startMs, ...(key !== undefined && { key }) })?.end(Math.max(startMs, endMs));
    },
    carried() {
      const at = around.getStore();
      return at === undefined ? {} : { traceparent: traceparentOf(at) };
    },
    async stop() {
      const sent = provider.shutdown().catch(complain);
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, LAST_SEND_MS);
      await Promise.race([sent, late]);
      clearTimeout(timer);
    },
  };
}

function contextOf(traceparent: string): SpanContext {
  const [, traceId = "", spanId = "", flags = "00"] = traceparent.split("-");
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;

/** The same in every process, so that a tick knows the span that another one will end. */
const spanIdOf = (key: string): string => createHash("sha256").update(key).digest("hex").slice(0, 16);

const typeOf = (error: unknown): string => {
  if (error instanceof NetcheckError) return error.code;
  return error instanceof Error ? error.name : "unknown";
};
