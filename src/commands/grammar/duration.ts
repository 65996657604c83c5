import { limits } from "#src/core/check.ts";
import { say, type Text } from "#src/core/sentence.ts";
import { durationText } from "#src/core/units.ts";
import { badCommand } from "./bad-command.ts";
import type { Word, Words } from "./words.ts";

/** Milliseconds per unit, with the ways people write it. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  secs: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hrs: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  w: 604_800_000,
};

const PART = /(\d+(?:\.\d+)?)([a-z]+)/g;

/** Whether a word is meant as a duration: a number alone, or numbers with known units, with or without a sign. */
export function looksLikeDuration(text: string): boolean {
  const unsigned = text.replace(/^[-+]/, "");
  if (/^\d+(\.\d+)?$/.test(unsigned)) return !/^\d+\.\d+$/.test(unsigned) || text !== unsigned;
  if (!/^(\d+(\.\d+)?[a-z]+)+$/.test(unsigned)) return false;
  return Array.from(unsigned.matchAll(PART)).every(([, , unit]) => unit !== undefined && Object.hasOwn(UNITS, unit));
}

/** The duration of a word for which `looksLikeDuration` holds, in milliseconds, within the limits of a check. */
export function parseDuration(
  words: Words,
  at: Word,
  { maxDurationMs, understood }: { maxDurationMs: number; understood: readonly Text[] },
): number {
  const fault = { words, at, understood };
  const unsigned = at.text.replace(/^[-+]/, "");
  if (at.text.startsWith("-"))
    throw badCommand(say("A duration cannot be negative: {word}.", { word: at.text }), {
      ...fault,
      instead: positive(unsigned),
    });
  if (/^\d+(\.\d+)?$/.test(unsigned))
    throw badCommand(say("{word} what? A duration needs a unit: s, m or h.", { word: at.text }), {
      ...fault,
      instead: unsigned.length > 3 ? ["10m"] : [`${unsigned}m`, `${unsigned}s`],
    });
  let durationMs = 0;
  for (const [, amount = "", unit = ""] of unsigned.matchAll(PART)) durationMs += Number(amount) * (UNITS[unit] ?? 0);
  durationMs = Math.round(durationMs);
  if (durationMs < limits.minDurationMs)
    throw badCommand(
      say("{word} is too short; the shortest check is {limit}.", {
        word: at.text,
        limit: durationText(limits.minDurationMs),
      }),
      {
        ...fault,
        code: "over-limit",
        instead: [durationWord(limits.minDurationMs), durationWord(limits.defaultDurationMs)],
      },
    );
  if (durationMs > maxDurationMs)
    throw badCommand(
      say("{word} is too long; the longest check is {limit}.", {
        word: shorten(at.text),
        limit: durationText(maxDurationMs),
      }),
      {
        ...fault,
        code: "over-limit",
        instead: [durationWord(maxDurationMs)],
      },
    );
  return durationMs;
}

/** A duration as it is typed: `90000` → "1m30s". */
export function durationWord(durationMs: number): string {
  const seconds = Math.round(durationMs / 1_000);
  const parts = [
    [Math.floor(seconds / 3_600), "h"],
    [Math.floor((seconds % 3_600) / 60), "m"],
    [seconds % 60, "s"],
  ] as const;
  return parts.map(([amount, unit]) => (amount > 0 ? `${amount}${unit}` : "")).join("") || "0s";
}

const positive = (unsigned: string): readonly string[] => (/[a-z]$/.test(unsigned) ? [unsigned] : [`${unsigned}m`]);
const shorten = (text: string): string => (text.length > 20 ? `${text.slice(0, 19)}…` : text);
