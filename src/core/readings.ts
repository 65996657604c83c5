import { type Evidence, evidenceOf } from "./evidence.ts";
import { sectionsOf } from "./link-text.ts";
import type { Plan, TaskSpec, Vantage } from "./plan.ts";
import type { Probe, Reader, ReadingProbe, Sample } from "./probe.ts";
import { failureOf, grouped, readingFailures } from "./reading-gaps.ts";

/** Samples kept per reading. When there are more, every other one in the middle goes; first and newest stay. */
const MAX_SAMPLES = 24;
/** Output that is not a frame is dropped beyond this, so that garbage cannot fill the memory. */
const MAX_PENDING_BYTES = 1_000_000;

type Reading = {
  /** Position of the command that it reads. */
  readonly command: number;
  readonly probe: ReadingProbe;
  readonly subject: string;
  readonly vantage: Vantage;
  samples: readonly Sample[];
  /** What its samples mean; undefined until asked. */
  said: readonly Evidence[] | undefined;
};
type Frame = { readonly index: number; readonly sample: Sample };

/**
 * Takes the output of the one task per node that repeats short commands (`netcheck-read`) and asks each reading's
 * probe what its samples mean. Throws when the task is not such a task or names an unknown probe: both are bugs.
 */
export function openReadings(task: TaskSpec, plan: Plan, probes: readonly Probe[]): Reader {
  const readings = (task.readings ?? []).flatMap(({ probes: names, subject }, command) =>
    names.map((name): Reading => {
      const probe = probes.find(
        (candidate): candidate is ReadingProbe => candidate.kind === "reading" && candidate.name === name,
      );
      const vantage = plan.vantages.find(({ id }) => id === subject);
      if (!probe || !vantage) throw new Error(`task ${task.id} reads ${name} at ${subject}, which is not in its plan`);
      return { command, probe, subject, vantage, samples: [], said: undefined };
    }),
  );
  const push = frameReader(({ index, sample }) => {
    for (const reading of readings.filter(({ command }) => command === index)) {
      const samples = [...reading.samples, partOf(sample, reading.probe.section)];
      reading.samples = samples.length > MAX_SAMPLES ? thinned(samples) : samples;
      reading.said = undefined;
    }
  });
  return {
    push,
    evidence() {
      const said = readings.flatMap((reading) => {
        const { probe, samples, subject, vantage } = reading;
        reading.said ??= samples.length === 0 ? [] : probe.read(samples, { subject, vantage });
        return reading.said;
      });
      const failures = readings.flatMap(({ probe, samples, vantage, said: own = [] }) => {
        const [tool = probe.name] = typeof probe.argv === "function" ? probe.argv(vantage, plan) : probe.argv;
        const place = vantage.label;
        return failureOf(samples, { tool, probe: probe.name, place, said: own.length > 0 }) ?? [];
      });
      if (failures.length === 0) return said;
      const atMs = Math.max(...readings.flatMap(({ samples }) => samples.at(-1)?.atMs ?? 0));
      return [...said, evidenceOf(readingFailures, `node/${task.node}`, atMs, { failures: [...grouped(failures)] })];
    },
  };
}

/** Without the section that is asked for, all of it: it makes no sense, which is said so. */
function partOf(sample: Sample, section: string | undefined): Sample {
  if (section === undefined) return sample;
  const part = sectionsOf(sample.stdout).find(({ name, whole }) => name === section && whole);
  return part ? { ...sample, stdout: part.text } : sample;
}

/** Cuts frames `@@ INDEX START_MS EXIT LEN\n<LEN bytes>` out of a stream, wherever its chunks end. */
export function frameReader(onFrame: (frame: Frame) => void): (chunk: string) => void {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let pending = new Uint8Array(0);

  return (chunk) => {
    const bytes = encoder.encode(chunk);
    const joined = new Uint8Array(pending.length + bytes.length);
    joined.set(pending);
    joined.set(bytes, pending.length);
    let at = 0;
    for (;;) {
      const start = markerAt(joined, at);
      if (start === -1) {
        at = Math.max(at, joined.length - 3);
        break;
      }
      const lineEnd = joined.indexOf(NEWLINE, start);
      if (lineEnd === -1) {
        at = start;
        break;
      }
      const header = /^@@ (\d+) (\d+) (\d+) (\d+)$/.exec(decoder.decode(joined.subarray(start, lineEnd)));
      if (!header) {
        at = start + 1;
        continue;
      }
      const [index, atMs, exitCode, length] = header.slice(1).map(Number) as [number, number, number, number];
      const end = lineEnd + 1 + length;
      if (end > joined.length && length <= MAX_PENDING_BYTES) {
        at = start;
        break;
      }
      const stdout = decoder.decode(joined.subarray(lineEnd + 1, end));
      if (end <= joined.length) onFrame({ index, sample: { atMs, exitCode, stdout } });
      at = Math.min(end, joined.length);
    }
    pending = joined.slice(Math.max(at, joined.length - MAX_PENDING_BYTES - 100));
  };
}

const NEWLINE = 10;
const MARK = 64;

/** Position of the next `@@ `; -1 when there is none. */
function markerAt(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(MARK, from); at !== -1; at = bytes.indexOf(MARK, at + 1))
    if (bytes[at + 1] === MARK && bytes[at + 2] === 32) return at;
  return -1;
}

function thinned(samples: readonly Sample[]): Sample[] {
  return samples.filter((_, index) => index === 0 || index === samples.length - 1 || index % 2 === 0);
}

/** One stretch of time in which a reading gave the same answer. Unix milliseconds. */
export type Version<T> = { readonly fromMs: number; readonly toMs: number; readonly value: T };

/**
 * The distinct answers of a reading over time. Samples that failed or make no sense are left out. At most six: the
 * first ones and the newest.
 */
export function versionsOf<T>(
  samples: readonly Sample[],
  parse: (stdout: string) => T | undefined,
): readonly Version<T>[] {
  const versions: { fromMs: number; toMs: number; value: T; text: string }[] = [];
  for (const { atMs, exitCode, stdout } of samples) {
    if (exitCode !== 0) continue;
    const last = versions.at(-1);
    if (last?.text === stdout) {
      last.toMs = atMs;
      continue;
    }
    const value = parse(stdout);
    if (value === undefined) continue;
    const text = JSON.stringify(value);
    if (last && JSON.stringify(last.value) === text) last.toMs = atMs;
    else versions.push({ fromMs: atMs, toMs: atMs, value, text: stdout });
  }
  const kept = versions.length <= 6 ? versions : [...versions.slice(0, 3), ...versions.slice(-3)];
  return kept.map(({ fromMs, toMs, value }) => ({ fromMs, toMs, value }));
}

/** JSON that a tool printed; undefined when it is none. */
export function parseJson(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}
