import { z } from "zod";

/**
 * A packet-filter rule that drops or refuses, or a chain whose policy drops. Both iptables and nft are turned into
 * this; what a rule matches beyond these fields stays in `text` and in `more`.
 */
export const dropRuleSchema = z.object({
  table: z.string(),
  chain: z.string(),
  /** Built-in hooks from which the chain is reached: input, forward, output, prerouting, postrouting. */
  hooks: z.array(z.string()),
  action: z.enum(["drop", "reject"]),
  /** The rule as its tool prints it. */
  text: z.string(),
  source: z.string().optional(),
  destination: z.string().optional(),
  protocol: z.string().optional(),
  sourcePorts: z.array(z.tuple([z.number(), z.number()])).optional(),
  ports: z.array(z.tuple([z.number(), z.number()])).optional(),
  inDevice: z.string().optional(),
  outDevice: z.string().optional(),
  /** Share of matching packets that it takes, when it takes only some. */
  share: z.number().optional(),
  /** Other conditions, by name: ctstate, mark, limit, set … */
  more: z.array(z.string()),
  /** Whether Kubernetes or the pod network owns the chain. */
  owned: z.boolean(),
  /** Packets it took while the check ran; absent when the rule does not count. */
  packets: z.number().optional(),
});
export type DropRule = z.infer<typeof dropRuleSchema>;

const OWNED = /^(KUBE|cali|CILIUM|OLD_CILIUM|FLANNEL|ANTREA|WEAVE|CNI|AWS|kube-proxy|cilium|calico|antrea|flannel)/;

/** Chains and tables of kube-proxy, kubelet and the common pod networks. */
export function ownedByCluster(chainOrTable: string): boolean {
  return OWNED.test(chainOrTable);
}

/** Rules of one reading, with the counter's value then. */
export type CountedRule = DropRule & { readonly count: number | undefined };

/**
 * How far each rule's counter went between the first reading and the last. A rule that appeared later began at zero;
 * one that went away counts up to where it was last seen; a counter that was reset begins anew.
 */
export function rulesOverTime(readings: readonly (readonly CountedRule[])[]): readonly DropRule[] {
  const known = new Map<string, { rule: DropRule; last: number | undefined; gained: number; counts: boolean }>();
  for (const [nth, rules] of readings.entries()) {
    const seen = new Map<string, number>();
    for (const { count, ...rule } of rules) {
      const name = `${rule.table} ${rule.chain} ${rule.text}`;
      const copy = seen.get(name) ?? 0;
      seen.set(name, copy + 1);
      const key = `${name} ${copy}`;
      const before = known.get(key);
      if (!before) {
        known.set(key, { rule, last: count, gained: nth === 0 ? 0 : (count ?? 0), counts: count !== undefined });
        continue;
      }
      if (count !== undefined)
        before.gained += Math.max(0, count < (before.last ?? 0) ? count : count - (before.last ?? 0));
      before.last = count;
      before.rule = rule;
    }
  }
  return [...known.values()].map(({ rule, gained, counts }) => ({ ...rule, ...(counts ? { packets: gained } : {}) }));
}
