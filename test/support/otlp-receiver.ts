import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

const valueSchema = z.union([
  z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.object({ intValue: z.union([z.string(), z.number()]) }).transform(({ intValue }) => Number(intValue)),
  z.object({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
]);
const attributesSchema = z
  .array(z.object({ key: z.string(), value: valueSchema }))
  .default([])
  .transform((all) => Object.fromEntries(all.map(({ key, value }) => [key, value])));

/** ExportTraceServiceRequest in OTLP's JSON encoding: ids in hexadecimal, times as decimal strings of nanoseconds. */
const exportSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }),
      scopeSpans: z.array(
        z.object({
          scope: z.object({ name: z.string() }),
          spans: z.array(
            z.object({
              traceId: z.string().regex(/^[0-9a-f]{32}$/),
              spanId: z.string().regex(/^[0-9a-f]{16}$/),
              parentSpanId: z
                .string()
                .optional()
                .transform((id) => id || undefined),
              name: z.string(),
              kind: z.number(),
              startTimeUnixNano: z.string(),
              endTimeUnixNano: z.string(),
              attributes: attributesSchema,
              status: z.object({ code: z.number().default(0) }).default({ code: 0 }),
            }),
          ),
        }),
      ),
    }),
  ),
});

export type SpanSeen = z.infer<typeof exportSchema>["resourceSpans"][number]["scopeSpans"][number]["spans"][number] & {
  readonly service: unknown;
};

/** Names of a span and all above it, the topmost first; `?` where one never came. */
export function lineage(span: SpanSeen, spans: readonly SpanSeen[]): string {
  if (span.parentSpanId === undefined) return span.name;
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return `${parent === undefined ? "?" : lineage(parent, spans)} > ${span.name}`;
}

/** A collector that takes traces by OTLP over HTTP in JSON and keeps them, or refuses them with another `status`. */
export async function otlpReceiver({ status = 200 } = {}) {
  const spans: SpanSeen[] = [];
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    requests.push(`${method} ${url} ${headers["content-type"]}`);
    const body = Buffer.concat(await request.toArray()).toString();
    for (const { resource, scopeSpans } of exportSchema.parse(JSON.parse(body)).resourceSpans)
      for (const { spans: some } of scopeSpans)
        spans.push(...some.map((span) => ({ ...span, service: resource.attributes["service.name"] })));
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    url: `${endpoint}/v1/traces`,
    spans,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
