import { type Logger, LogLevel } from "@slack/bolt";
import type { Log } from "../log.ts";

/** Slack's libraries talk a lot and put whole payloads into their debug lines: those become trace, the rest stays. */
export function boltLog(log: Log): Logger {
  const line =
    (level: "trace" | "info" | "warn" | "error") =>
    (...parts: unknown[]): void => {
      const err = parts.find((part) => part instanceof Error);
      log[level](
        err === undefined ? {} : { err },
        parts.map((part) => (part instanceof Error ? part.message : String(part))).join(" "),
      );
    };
  return {
    debug: line("trace"),
    info: line("trace"),
    warn: line("warn"),
    error: line("error"),
    getLevel: () => (log.isLevelEnabled("trace") ? LogLevel.DEBUG : LogLevel.WARN),
    setLevel: () => undefined,
    setName: () => undefined,
  };
}
