import type { SharedConfig } from "#src/config.ts";
import type { Log } from "#src/log.ts";
import { type Tracing, untraced } from "#src/tracing.ts";
import { processName } from "./process.ts";

/** Traces of this process, where a collector is named. Otherwise nothing of OpenTelemetry is loaded. */
export async function startTracing({
  config: { tracesUrl },
  part,
  log,
}: {
  readonly config: Pick<SharedConfig, "tracesUrl">;
  readonly part: "all" | "bot" | "worker";
  readonly log: Log;
}): Promise<Tracing> {
  if (tracesUrl === undefined) return untraced;
  const { otlpTracing } = await import("#src/tracing-otlp.ts");
  log.info("traces are sent");
  return otlpTracing({ url: tracesUrl, service: `netcheck-${part}`, name: processName(), log });
}
