import { type AskedPort, askedPorts, slowerThan } from "./asked-ports.ts";
import { type HttpData, httpOutcomes } from "./http-evidence.ts";
import type { Case } from "./rule.ts";
import { counted, type Sentence, say } from "./sentence.ts";

/** First bytes that take longer are late, ms; more where the machine itself is busy. How many, and of how many. */
const SLOW_MS = 200;
const TIMES_BUSY = 5;
const MIN_BAD = 3;
const MIN_SHARE = 0.15;

/** An asked port that is reached and whose program does not do its work: requests wait, get no answer, or a server error. */
export type PortTrouble = {
  readonly asked: AskedPort;
  /** Unix seconds in which requests waited or failed. */
  readonly seconds: ReadonlySet<number>;
  /** Whether the program said that it failed, rather than being late. */
  readonly errors: boolean;
  readonly text: Sentence;
};

/** Asked ports of a node, and of its pods, at which programs are late or fail. */
export function troubledPorts(node: string, seen: Case): readonly PortTrouble[] {
  return askedPorts(seen).flatMap((asked): PortTrouble[] => {
    if (asked.at.node !== node) return [];
    const limitMs = Math.max(SLOW_MS, TIMES_BUSY * (seen.comparison.busy.get(node) ?? 0));
    // What its own network shows is the program's doing; what only others see may be the network's.
    const data = [asked.self, asked.node, asked.source].find((one) => one !== undefined && one.mode !== "hello");
    if (!data) return [];
    const bad = data.requests.filter((request) => isBad(request, data, limitMs));
    if (bad.length < MIN_BAD || bad.length < MIN_SHARE * data.requests.length) return [];
    const errors = bad.filter(([, , , status]) => status >= 500).length > bad.length / 2;
    const { slow } = slowerThan(data, limitMs);
    const values = { port: `${asked.port}`, pod: asked.at.label, of: counted(data.requests.length, "request") };
    return [
      {
        asked,
        errors,
        seconds: new Set(bad.flatMap((request) => secondsOf(request, data))),
        text: errors
          ? say("port {port} of {pod} answered {bad} of {of} with a server error", { ...values, bad: bad.length })
          : say("port {port} of {pod} is reached, and answers {slow} of {of} late or not at all", { ...values, slow }),
      },
    ];
  });
}

type Request = HttpData["requests"][number];

function isBad([, outcome, waitMs, status]: Request, { connectMs }: HttpData, limitMs: number): boolean {
  const name = httpOutcomes[outcome];
  if (name === "answer") return status >= 500 || waitMs - (connectMs?.p50 ?? 0) >= limitMs;
  return name === "no-answer" || name === "closed" || name === "reset";
}

function secondsOf([offsetMs, , waitMs]: Request, { startMs }: HttpData): readonly number[] {
  const first = Math.floor((startMs + offsetMs) / 1_000);
  return Array.from({ length: 1 + Math.min(10, Math.floor(waitMs / 1_000)) }, (_, n) => first + n);
}
