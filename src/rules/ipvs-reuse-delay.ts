import { tcpEvidence } from "../core/leg-evidence.ts";
import { asked } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { nodeServices, type ServiceLeg, serviceLegs } from "../core/service-legs.ts";
import { percentText } from "../core/units.ts";
import { sysctlsEvidence } from "../probes/sysctls.ts";

/** The kernel in which a connection that uses a port again is no longer put off (commit f0a5e4d7a594). */
const MENDED: readonly [number, number] = [5, 9];
/** A SYN is sent again after a second. */
const WAIT_MS: readonly [number, number] = [900, 1_600];
const MIN_WAITS = 3;
/** As many of the connects to the Service have to wait, and at most so many to pods directly. */
const SHARE = 0.03;
const ELSEWHERE = 0.005;

/**
 * IPVS puts a connection off that comes from a port which it still knows from an earlier one: its SYN is dropped, and the next
 * comes a second later. Decisive are the settings of the node (`conn_reuse_mode` 1 and `conntrack` 1, a kernel before 5.9) and
 * connects to Services that take one second, while connects to pods do not.
 * Fooled by kernels that mended it (5.9 and later: cleared), by lost SYNs (then connects to pods take a second, too), and by nodes
 * that use no IPVS. Distributions that brought the change into older kernels cannot be told apart: the second has to be seen.
 */
export const ipvsReuseDelay: Rule = {
  name: "ipvs-reuse-delay",
  title: "IPVS delays connections by one second",
  needs: [],
  evaluate(seen) {
    const legs = serviceLegs(seen).filter(({ from }) => nodeServices(seen.evidence, from.node)?.how === "IPVS");
    if (legs.length === 0) return { status: "cleared", because: say("no Service was asked for by way of IPVS") };
    const groups = Map.groupBy(legs, ({ from }) => from.node);
    const suspicions = [...groups].flatMap(([node, same]) => suspect(node, same, seen));
    if (suspicions.length > 0) return suspicions;
    const read = [...groups.keys()].filter((node) => settingsOf(node, seen));
    if (read.length === 0) return { status: "unknown", because: say("the settings of IPVS could not be read") };
    return {
      status: "cleared",
      because: say("{nodes} do not put connections off: by their settings, their kernels, or as connects show", {
        nodes: listed(read),
      }),
    };
  },
};

function settingsOf(
  node: string,
  { evidence }: Case,
):
  | { readonly reuse: string; readonly tracks: string; readonly kernel: string; readonly expires: string | undefined }
  | undefined {
  const values = evidence.get(sysctlsEvidence, `node/${node}`)?.values;
  const [reuse, kernel, tracks = "0"] = [
    values?.["ipv4/vs/conn_reuse_mode"],
    values?.["kernel/osrelease"],
    values?.["ipv4/vs/conntrack"],
  ];
  return reuse === undefined || kernel === undefined
    ? undefined
    : { reuse, tracks, kernel, expires: values?.["ipv4/vs/expire_nodest_conn"] };
}

/** Connects of a leg that took one second because their first SYN got no answer. */
function waits(id: string, { evidence }: Case): { readonly waited: number; readonly sent: number } {
  const data = evidence.get(tcpEvidence, id);
  const waited = (data?.attempts ?? []).filter(
    ([, , ms, resent]) => resent === 1 && ms >= WAIT_MS[0] && ms <= WAIT_MS[1],
  );
  return { waited: waited.length, sent: data?.sent ?? 0 };
}

function suspect(node: string, legs: readonly ServiceLeg[], seen: Case): readonly Suspicion[] {
  const settings = settingsOf(node, seen);
  if (!settings || !puts(settings)) return [];
  const slow = legs
    .map(({ result }) => ({ result, ...waits(result.leg.id, seen) }))
    .filter(({ waited, sent }) => waited >= MIN_WAITS && waited >= SHARE * sent);
  const direct = seen.plan.legs
    .filter(({ port, scope, from }) => port !== undefined && scope !== "service" && from !== undefined)
    .map(({ id }) => waits(id, seen));
  const [waited, sent] = [
    direct.reduce((sum, one) => sum + one.waited, 0),
    direct.reduce((sum, one) => sum + one.sent, 0),
  ];
  if (!slow.some(({ result }) => asked(result.leg)) || waited > ELSEWHERE * sent) return [];
  const total = slow.reduce((sum, one) => sum + one.waited, 0);
  const of = slow.reduce((sum, one) => sum + one.sent, 0);
  return [
    {
      status: "suspected",
      confidence: sent > 0 ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        say("{count} of {of} to Services from {node} took one second, until their second SYN ({share})", {
          count: total,
          of: counted(of, "connect"),
          node,
          share: percentText(total / Math.max(1, of)),
        }),
        say(
          "{node} puts connections off that use a port again: net.ipv4.vs.conn_reuse_mode=1, conntrack=1, Linux {kernel}",
          { node, kernel: settings.kernel },
        ),
        ...(sent > 0
          ? [say("connects to pods do not: {count} of {of}", { count: waited, of: counted(sent, "connect") })]
          : []),
      ],
      against: [],
      confirm: [
        `sysctl net.ipv4.vs.conn_reuse_mode net.ipv4.vs.conntrack net.ipv4.vs.expire_nodest_conn; uname -r   # on ${node}`,
      ],
      advice: [
        say("Update the kernel of {node} to 5.9 or later", { node }),
        say(
          "Until then set net.ipv4.vs.conn_reuse_mode to 0, and know what that does when a backend goes away (kubernetes#81775)",
        ),
        ...(settings.expires === "0"
          ? [say("Set net.ipv4.vs.expire_nodest_conn to 1: connections to a backend that is gone hang otherwise")]
          : []),
      ],
      explains: ["path-loss", "link-delay", "high-latency", "port-filtered", "server-slow"],
      legs: slow.map(({ result }) => result.leg.id),
    },
  ];
}

function puts({
  reuse,
  tracks,
  kernel,
}: {
  readonly reuse: string;
  readonly tracks: string;
  readonly kernel: string;
}): boolean {
  const [major = 0, minor = 0] = kernel.split(".").map(Number.parseFloat);
  return (
    reuse.trim() === "1" && tracks.trim() === "1" && (major < MENDED[0] || (major === MENDED[0] && minor < MENDED[1]))
  );
}
