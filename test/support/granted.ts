import { readFileSync } from "node:fs";
import type { GrantedCall } from "#lab/cluster/api/call-log.ts";
import { type ChartRule, chartRules } from "#lab/cluster/chart.ts";

const AGENTS = "netcheck";
const LEASES = "kube-node-lease";

/** One verb on one resource that the chart grants; `namespace` is absent where it is granted in the whole cluster. */
type Grant = Required<Pick<GrantedCall, "verb" | "group">> & { readonly resource: string; readonly namespace?: string };

const grantsOf = (rules: readonly ChartRule[], namespace?: string): Grant[] =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => ({ verb, group, resource, ...(namespace && { namespace }) })),
      ),
    ),
  );

/** All that the chart's three roles grant a worker. */
export const chartGrants = (): Grant[] => [
  ...grantsOf(chartRules("worker-cluster-rules")),
  ...grantsOf(chartRules("worker-agent-rules"), AGENTS),
  ...grantsOf(chartRules("worker-lease-rules"), LEASES),
];

export const grantText = ({ verb, group, resource, namespace }: Grant): string =>
  `${verb} ${resource}${group ? `.${group}` : ""}${namespace ? ` in ${namespace}` : ""}`;

/** What the code did without a grant, and what is granted without need; both in words, sorted. */
export function compareGrants(
  calls: readonly GrantedCall[],
  grants: readonly Grant[],
): { readonly missing: string[]; readonly unused: string[] } {
  const used = new Set<Grant>();
  const missing = new Set<string>();
  for (const { verb, group = "", resource, subresource, namespace } of calls) {
    const what = `${resource}${subresource ? `/${subresource}` : ""}`;
    const same = grants.filter((one) => one.verb === verb && one.group === group && one.resource === what);
    const grant = same.find((one) => one.namespace === undefined || one.namespace === namespace);
    if (grant) used.add(grant);
    else missing.add(grantText({ verb, group, resource: what, ...(namespace && { namespace }) }));
  }
  return {
    missing: [...missing].sort(),
    unused: grants
      .filter((one) => !used.has(one))
      .map(grantText)
      .sort(),
  };
}

export const readCalls = (file: string): GrantedCall[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as GrantedCall);

// The last step of `npm test`: what the whole suite did at API servers against what the chart grants.
if (import.meta.main) {
  const calls = readCalls(process.argv[2] ?? "");
  const { missing, unused } = compareGrants(calls, chartGrants());
  for (const one of missing) process.stderr.write(`The chart does not grant, but the code needs: ${one}\n`);
  for (const one of unused) process.stderr.write(`The chart grants, but nothing used: ${one}\n`);
  process.stderr.write(`RBAC: ${calls.length} kinds of requests compared with deploy/chart/files.\n`);
  process.exitCode = missing.length + unused.length > 0 || calls.length === 0 ? 1 : 0;
}
