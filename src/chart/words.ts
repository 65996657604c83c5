import type { Language } from "../core/sentence.ts";

/** Words that a picture needs, in the language of the thread. */
export type ChartWords = {
  readonly slow: string;
  /** What the band shows, from the median up. */
  readonly toP99: string;
  readonly lost: string;
  readonly noLoss: string;
  readonly noAnswer: string;
  /** Above the two sides of a ladder: packets to this end. */
  readonly toEnd: (end: string) => string;
  /** Legend of a ladder. */
  readonly passed: string;
  readonly lostHere: string;
  readonly notJudged: string;
  /** Behind a point whose packets were not compared. */
  readonly leftOut: string;
  readonly lostShare: (share: string) => string;
  readonly partOf: (part: string, whole: string) => string;
  /** What stands above the rows of marks. */
  readonly mark: { readonly kernel: string; readonly trigger: string; readonly kept: string };
  readonly times: (label: string, count: number) => string;
  readonly more: (count: number) => string;
  readonly most: (value: string, bucket: string) => string;
  readonly nothing: string;
  readonly notMeasured: string;
};

export const chartWords: Readonly<Record<Language, ChartWords>> = {
  en: {
    slow: "slowest",
    toP99: "to p99",
    lost: "lost",
    noLoss: "no loss",
    noAnswer: "no answer",
    toEnd: (end) => `to ${end}`,
    passed: "passed (p50 / p99)",
    lostHere: "lost here",
    notJudged: "cannot tell",
    leftOut: "left out",
    lostShare: (share) => `${share} lost`,
    partOf: (part, whole) => `${part} of ${whole}`,
    mark: { kernel: "kernel", trigger: "trigger", kept: "kept" },
    times: (label, count) => (count === 1 ? label : `${label} × ${count}`),
    more: (count) => `${count} more`,
    most: (value, bucket) => `most ${value} in ${bucket}`,
    nothing: "none",
    notMeasured: "not measured",
  },
  zh: {
    slow: "最慢",
    toP99: "至 p99",
    lost: "丢失",
    noLoss: "无丢包",
    noAnswer: "没有应答",
    toEnd: (end) => `到 ${end}`,
    passed: "通过 (p50 / p99)",
    lostHere: "在此丢失",
    notJudged: "无法判断",
    leftOut: "未比较",
    lostShare: (share) => `丢失 ${share}`,
    partOf: (part, whole) => `${part} / ${whole}`,
    mark: { kernel: "内核", trigger: "触发", kept: "留存" },
    times: (label, count) => (count === 1 ? label : `${label} × ${count}`),
    more: (count) => `另有 ${count} 项`,
    most: (value, bucket) => `${bucket} 内最多 ${value}`,
    nothing: "无",
    notMeasured: "未测量",
  },
};
