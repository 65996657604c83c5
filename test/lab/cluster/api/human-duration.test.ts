import { expect, test } from "vitest";
import { humanDuration } from "#lab/cluster/api/human-duration.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// The borders of k8s.io/apimachinery/pkg/util/duration.
test.each([
  [-1, "0s"],
  [0, "0s"],
  [119_999, "119s"],
  [2 * MINUTE, "2m"],
  [3 * MINUTE + 5_000, "3m5s"],
  [10 * MINUTE + 59_000, "10m"],
  [3 * HOUR - 1, "179m"],
  [3 * HOUR + 5 * MINUTE, "3h5m"],
  [8 * HOUR + 59 * MINUTE, "8h"],
  [47 * HOUR, "47h"],
  [2 * DAY + 3 * HOUR, "2d3h"],
  [8 * DAY + 3 * HOUR, "8d"],
  [729 * DAY, "729d"],
  [730 * DAY, "2y"],
  [800 * DAY, "2y70d"],
  [9 * 365 * DAY, "9y"],
])("%i ms is printed as %s", (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});
