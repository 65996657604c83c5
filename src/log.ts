import { type DestinationStream, destination, type Logger, pino } from "pino";

export type Log = Logger;

/** Fields that may carry a token, wherever a library puts them in an error or a request. */
const secret = [
  "token",
  "*.token",
  "*.*.token",
  "authorization",
  "*.authorization",
  "*.headers.authorization",
  "err.config.headers",
];

/** JSON lines on stderr: stdout belongs to machine-readable results. */
export function createLog({
  level,
  to = destination({ dest: 2, sync: true }),
}: {
  readonly level: string;
  readonly to?: DestinationStream;
}): Log {
  return pino(
    { level, redact: { paths: secret, censor: "(hidden)" }, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    to,
  );
}

/** A logger that says nothing, for one-shot commands and tests. */
export const silentLog: Log = pino({ level: "silent" });

const REPEAT_MS = 60_000;

/**
 * For events that come in a loop while a server is away: the first is logged at once, then one line a minute with the
 * count of those in between. `nowMs` is a parameter for tests.
 */
export function occasionally(log: Log, message: string, { nowMs = Date.now } = {}): (err: unknown) => void {
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return (err) => {
    if (nowMs() - loggedAtMs < REPEAT_MS) {
      unsaid++;
      return;
    }
    log.warn({ err, ...(unsaid > 0 && { repeated: unsaid }) }, message);
    loggedAtMs = nowMs();
    unsaid = 0;
  };
}
