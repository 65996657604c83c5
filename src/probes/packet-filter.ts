import { z } from "zod";
import { hooksOf } from "../core/chain-hooks.ts";
import { type CountedRule, dropRuleSchema, ownedByCluster, rulesOverTime } from "../core/drop-rules.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { saveCommand } from "../core/ip-family.ts";
import type { ReadingProbe } from "../core/probe.ts";

/** Rules and policies of iptables that drop or refuse, with what they took during the check. Subject: vantage id. */
export const packetFilterEvidence = defineEvidence(
  "packet-filter",
  z.object({ rules: z.array(dropRuleSchema), total: z.number().int() }),
);

const BUILT_IN = ["INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"];
/** Rules that are kept; a table with more is a blocklist, and the ones that count are kept first. */
const MAX_RULES = 200;

/** `iptables-save -c`, or ip6tables-save: nothing but reading, and the counters in front of each rule. */
export const packetFilter: ReadingProbe = {
  kind: "reading",
  name: "packet-filter",
  scope: "netns",
  pace: "often",
  argv: (_, plan) => [saveCommand(plan), "-c"],
  read(samples, { subject }) {
    const good = samples.filter(({ exitCode, stdout }) => exitCode === 0 || stdout.includes("COMMIT"));
    const last = good.at(-1);
    if (!last) return [];
    const rules = rulesOverTime(good.map(({ stdout }) => parseDropRules(stdout)));
    const kept = rules.toSorted((a, b) => (b.packets ?? 0) - (a.packets ?? 0)).slice(0, MAX_RULES);
    const total = last.stdout.split("\n").filter((line) => line.includes("-A ")).length;
    return [evidenceOf(packetFilterEvidence, subject, last.atMs, { rules: kept, total })];
  },
};

/** Reads `iptables-save -c` and keeps what drops or refuses. */
export function parseDropRules(stdout: string): readonly CountedRule[] {
  const rules: { table: string; chain: string; count: number; words: string[]; text: string }[] = [];
  const policies: { table: string; chain: string; count: number }[] = [];
  let table = "";
  for (const line of stdout.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    const policy = /^:(\S+) DROP \[(\d+):\d+\]/.exec(line);
    if (policy) policies.push({ table, chain: policy[1] ?? "", count: Number(policy[2]) });
    const rule = /^\[(\d+):\d+\] (-A (\S+) ?(.*))$/.exec(line);
    if (rule)
      rules.push({
        table,
        chain: rule[3] ?? "",
        count: Number(rule[1]),
        words: wordsOf(rule[4] ?? ""),
        text: rule[2] ?? "",
      });
  }
  return [...Map.groupBy([...rules, ...policies], (entry) => entry.table).keys()].flatMap((name) => {
    const mine = rules.filter((rule) => rule.table === name);
    const hooks = hooksOf(
      mine.flatMap(({ chain, words }) => {
        const to = after(words, "-j") ?? after(words, "-g");
        return to === undefined ? [] : [{ from: chain, to }];
      }),
      new Map(BUILT_IN.map((chain) => [chain, chain.toLowerCase()])),
    );
    const drops = mine.flatMap(({ chain, count, words, text }): CountedRule[] => {
      const target = after(words, "-j");
      if (target !== "DROP" && target !== "REJECT") return [];
      const action = target === "DROP" ? "drop" : "reject";
      return [
        {
          table: name,
          chain,
          hooks: hooks(chain),
          action,
          text,
          count,
          owned: ownedByCluster(chain),
          ...matchOf(words),
        },
      ];
    });
    const dropping = policies
      .filter((policy) => policy.table === name)
      .map(
        ({ chain, count }): CountedRule => ({
          table: name,
          chain,
          hooks: [chain.toLowerCase()],
          action: "drop",
          text: `-P ${chain} DROP`,
          more: [],
          owned: false,
          count,
        }),
      );
    return [...drops, ...dropping];
  });
}

/** Words of a rule; quoted comments stay one word. */
function wordsOf(rule: string): string[] {
  return rule.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
}

function after(words: readonly string[], flag: string): string | undefined {
  const at = words.indexOf(flag);
  return at === -1 ? undefined : words[at + 1];
}

type Match = Omit<CountedRule, "table" | "chain" | "hooks" | "action" | "text" | "owned" | "count">;

function matchOf(words: readonly string[]): Match {
  const match: { -readonly [K in keyof Match]: Match[K] } = { more: [] };
  let negated = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const value = words[at + 1] ?? "";
    if (word === "!") {
      negated = true;
      continue;
    }
    const plain = !negated;
    negated = false;
    if (word === "-j" || word === "-g") break;
    if (!plain) match.more.push(`not ${word}`);
    else if (word === "-s") match.source = value;
    else if (word === "-d") match.destination = value;
    else if (word === "-p") match.protocol = value === "ipv6-icmp" ? "icmp" : value;
    else if (word === "-i") match.inDevice = value;
    else if (word === "-o") match.outDevice = value;
    else if (word === "--dport" || word === "--dports") match.ports = portRanges(value);
    else if (word === "--sport" || word === "--sports") match.sourcePorts = portRanges(value);
    else if (word === "--probability") match.share = Number(value);
    else if (word === "--every") match.share = 1 / Math.max(1, Number(value));
    else if (word === "--ctstate" || word === "--state") match.more.push(`ctstate ${value}`);
    else if (word === "--mark") match.more.push(`mark ${value}`);
    else if (word === "--icmp-type" || word === "--icmpv6-type") match.more.push(`icmp ${value}`);
    else if (word === "-m" && !HARMLESS.has(value)) match.more.push(value);
    if (word.startsWith("-") && !value.startsWith("-") && value !== "!") at++;
  }
  return match;
}

/** Matches that say nothing about which packets are meant, or whose options are read above. */
const HARMLESS = new Set([
  "comment",
  "tcp",
  "udp",
  "icmp",
  "icmp6",
  "multiport",
  "statistic",
  "conntrack",
  "state",
  "mark",
]);

/** `80`, `8000:8100`, `80,443,8000:8100`. */
function portRanges(text: string): [number, number][] {
  return text.split(",").map((range) => {
    const [low = "0", high = low] = range.split(":");
    return [Number(low), Number(high)];
  });
}
