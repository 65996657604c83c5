import { expect, test } from "vitest";
import { decodeTimes, encodeMs, encodeTimes, LOST, msAt, UNKNOWN } from "#src/core/packet-series.ts";
import { randomFrom } from "./simulate.ts";

test("a round trip survives within two and a half per cent, from microseconds to half a minute", () => {
  for (let ms = 0.012; ms < 30_000; ms *= 1.37) {
    const back = msAt(encodeMs(ms), 0) ?? 0;
    expect(Math.abs(back - ms) / ms).toBeLessThan(0.025);
  }
});

test("lost and unknown packets have no round trip", () => {
  expect(msAt(LOST, 0)).toBeUndefined();
  expect(msAt(UNKNOWN, 0)).toBeUndefined();
  expect(msAt("", 0)).toBeUndefined();
});

test("times survive within a tenth of a millisecond, however long the stream, and gaps stay gaps", () => {
  const random = randomFrom(3);
  const startMs = 1_800_000_000_000;
  const times = Array.from({ length: 6_000 }, (_, n) => (n % 17 === 5 ? undefined : startMs + n * 204 + random() * 3));
  const pace = { startMs, stepMs: 200 };
  const back = decodeTimes(JSON.parse(JSON.stringify(encodeTimes(times, pace))), pace);
  for (const [n, time] of times.entries())
    if (time === undefined) expect(back[n]).toBeUndefined();
    else expect(Math.abs((back[n] ?? 0) - time)).toBeLessThanOrEqual(0.051);
});
