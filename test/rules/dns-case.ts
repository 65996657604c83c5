import { compare } from "#src/core/compare.ts";
import { type Asked, type DnsData, dnsEvidence } from "#src/core/dns-evidence.ts";
import { evidenceOf } from "#src/core/evidence.ts";
import { placeText } from "#src/core/place.ts";
import type { Plan } from "#src/core/plan.ts";
import type { PolicyView } from "#src/core/policy-view.ts";
import type { Case, Rule, Suspicion, Verdict } from "#src/core/rule.ts";
import { inWords } from "#src/core/sentence.ts";
import { podStateEvidence } from "#src/probes/pod-state.ts";
import { policiesEvidence } from "#src/probes/policies.ts";
import { play, startOf } from "../core/simulate.ts";

export const SERVICE = "10.96.0.10";
const API = "10.96.0.1";
const API_IPV6 = "fd00:96::1";
/** Two name servers: one on the source's node, one on the target's. */
export const [ONE, TWO] = ["10.42.0.9", "10.42.1.9"] as const;
const THIRD = "pod/shop/mail-0";
export const UPSTREAM = "172.20.7.1";
const SERVERS = [
  { id: "pod/kube-system/names-a", label: "kube-system/names-a", ip: ONE, node: "ulm" },
  { id: "pod/kube-system/names-b", label: "kube-system/names-b", ip: TWO, node: "graz" },
];

/** How often queries to one server ended how, from one place. What is not said was answered well. */
export type Said = {
  readonly sent?: number;
  readonly lost?: number;
  readonly late?: number;
  readonly slow?: number;
  readonly outcomes?: Readonly<Record<string, number>>;
  readonly answers?: Readonly<Record<string, number>>;
  readonly tcpLost?: number;
  /** Of ten root queries. */
  readonly outside?: Readonly<Record<string, number>>;
  readonly outsideMs?: number;
};

export type Names = {
  /** By server address; "*" is for all that are not named. */
  readonly source?: Readonly<Record<string, Said>>;
  readonly near?: Readonly<Record<string, Said>>;
  readonly far?: Readonly<Record<string, Said>>;
  /** From a pod of a node that has neither end nor name server. */
  readonly third?: Readonly<Record<string, Said>>;
  /** At the name servers' own pods: themselves, and the one behind. */
  readonly self?: Said;
  readonly behind?: Readonly<Record<string, number>>;
  readonly resolver?: string;
  readonly policy?: string;
  readonly ownServers?: boolean;
  readonly policies?: readonly PolicyView[];
  /** The cluster's addresses are of IPv6, and so are the right answers. */
  readonly ipv6?: boolean;
  readonly states?: readonly { readonly notRunning?: readonly string[]; readonly restarts?: number }[];
};

const spread = (ms: number) => ({ min: ms / 2, p50: ms, p99: ms * 2, max: ms * 3 });

/** How: seldom, as others do beside the source; and where the API's Service is. */
type Asking = { readonly tenth: boolean; readonly api: string };

function rowsOf(
  server: string,
  { sent = 40, lost = 0, late = 0, slow = late, outcomes = {}, answers, tcpLost = 0, outside, outsideMs = 2 }: Said,
  { tenth, api }: Asking,
): Asked[] {
  const scale = tenth ? 0.12 : 1;
  const of = (count: number): number => Math.round(count * scale);
  const bad = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const good = of(sent) - of(lost) - of(bad);
  const row = (more: Partial<Asked>): Asked => ({
    server,
    transport: "udp",
    kind: "cluster",
    type: api === API ? "A" : "AAAA",
    sent: 0,
    lost: 0,
    late: 0,
    slow: 0,
    longestLostRun: 0,
    outcomes: {},
    answers: {},
    ms: spread(1),
    ...more,
  });
  return [
    row({
      sent: of(sent),
      lost: of(lost),
      late: of(late),
      slow: of(slow),
      longestLostRun: of(lost),
      outcomes: {
        ok: good,
        timeout: of(lost),
        ...Object.fromEntries(Object.entries(outcomes).map(([word, count]) => [word, of(count)])),
      },
      answers: answers ?? { [api]: good },
    }),
    // The other half of a pair: there is no such address.
    ...(api === API ? [] : [row({ type: "A", sent: of(10), outcomes: { empty: of(10) } })]),
    row({
      transport: "tcp",
      sent: of(10),
      lost: of(tcpLost),
      outcomes: { ok: of(10) - of(tcpLost), timeout: of(tcpLost) },
    }),
    row({
      kind: "outside",
      type: "NS",
      sent: 10,
      lost: outside?.["timeout"] ?? 0,
      outcomes: outside ?? { ok: 10 },
      ms: spread(outsideMs),
    }),
  ];
}

function dataOf(
  said: Readonly<Record<string, Said>>,
  servers: readonly string[],
  asking: Asking,
  nameserver: string,
): DnsData {
  return {
    resolv: {
      nameservers: [nameserver],
      search: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"],
      options: ["ndots:5"],
    },
    forwards: [],
    asked: servers.flatMap((server) => rowsOf(server, said[server] ?? said["*"] ?? {}, asking)),
    pairs: [],
  };
}

/** A healthy network in which names go as told. */
export function namesCase(names: Names): Case {
  const { plan: played, evidence } = play({ seconds: 10 });
  const { source = {}, near = {}, far = {}, resolver = SERVICE, policy = "ClusterFirst", ownServers = false } = names;
  const api = names.ipv6 ? API_IPV6 : API;
  const [often, seldom] = [false, true].map((tenth): Asking => ({ tenth, api })) as [Asking, Asking];
  const at = (id: string, label: string, node: string): Plan["vantages"][number] => ({
    id,
    label,
    node,
    netns: id,
    ip: "",
    role: "dns",
  });
  const plan: Plan = {
    ...played,
    vantages: [
      ...played.vantages,
      ...SERVERS.map(({ id, label, node }) => at(id, label, node)),
      at(THIRD, "shop/mail-0", "bern"),
    ],
    dns: {
      service: "svc/kube-system/kube-dns",
      ip: SERVICE,
      servers: SERVERS,
      policy,
      ownServers,
      names: [
        { kind: "cluster", name: "kubernetes.default.svc.@", expect: api },
        { kind: "outside", name: "." },
      ],
    },
  };
  const put = (subject: string, data: DnsData): void => evidence.add(evidenceOf(dnsEvidence, subject, startOf, data));
  const servers = [SERVICE, ONE, TWO];
  put("pod/shop/api-0", dataOf(source, [...new Set([...servers, resolver])], often, resolver));
  put("pod/shop/cart-0", dataOf(near, servers, seldom, SERVICE));
  put("pod/shop/api-1", dataOf(far, servers, seldom, SERVICE));
  if (names.third) put(THIRD, dataOf(names.third, servers, seldom, SERVICE));
  if (names.policies)
    evidence.add(evidenceOf(policiesEvidence, "cluster", startOf, { policies: [...names.policies], cut: false }));
  for (const [index, { id, ip }] of SERVERS.entries()) {
    const behind = names.behind ?? { ok: 10 };
    const outside: Asked = {
      server: UPSTREAM,
      transport: "udp",
      kind: "outside",
      type: "NS",
      sent: 10,
      lost: behind["timeout"] ?? 0,
      late: 0,
      slow: 0,
      longestLostRun: 0,
      outcomes: behind,
      answers: {},
      ms: spread(2),
    };
    put(id, { forwards: [UPSTREAM], asked: [...rowsOf(ip, names.self ?? {}, seldom), outside], pairs: [] });
    const { notRunning = [], restarts = 0 } = names.states?.[index] ?? {};
    evidence.add(
      evidenceOf(podStateEvidence, id, startOf, {
        present: true,
        phase: "Running",
        ready: notRunning.length === 0,
        notRunning: [...notRunning],
        restarts,
        containers: [],
        labels: { "k8s-app": "kube-dns" },
        declared: [],
        hostNetwork: false,
        replaced: false,
        wasDown: false,
      }),
    );
  }
  return { plan, evidence, comparison: compare(plan, evidence) };
}

/** What one rule says about a healthy network in which names go as told. */
export function askNames(
  rule: Rule,
  names: Names,
): { readonly brief: string; readonly text: string; readonly all: readonly Suspicion[] } {
  const said = rule.evaluate(namesCase(names));
  const all = Array.isArray(said)
    ? (said as readonly Suspicion[])
    : (said as Verdict).status === "suspected"
      ? [said as Suspicion]
      : [];
  const because = all.length > 0 ? all.flatMap((one) => one.because) : [(said as Exclude<Verdict, Suspicion>).because];
  return {
    all,
    brief:
      all.length > 0
        ? all.map(({ where, confidence }) => `${placeText(where)} ${confidence}`).join(", ")
        : (said as Verdict).status,
    text: because.map((one) => inWords(one)).join("\n"),
  };
}
