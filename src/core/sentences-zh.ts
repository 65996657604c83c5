/**
 * The Chinese wording of everything that is said about causes, by its English wording. One block per file that speaks, in
 * the order of the alphabet; names in braces are the same in both languages.
 */
export const chinese = {
  // sentence.ts: lists and counted nouns
  "{count} more": "另外 {count} 个",
  "{count} packet": "{count} 个包",
  "{count} packets": "{count} 个包",
  "{count} leg": "{count} 条测量线路",
  "{count} legs": "{count} 条测量线路",
  "{count} echo": "{count} 次 ping",
  "{count} echoes": "{count} 次 ping",
  "{count} connect": "{count} 次连接",
  "{count} connects": "{count} 次连接",
  "{count} time": "{count} 次",
  "{count} times": "{count} 次",
} as const satisfies Readonly<Record<string, string>>;
