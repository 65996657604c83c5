import { gainedDuring } from "../core/gains.ts";
import { type NodeLoad, nodeLoadEvidence, onlyHere } from "../core/node-load.ts";
import { hurtLegs, hurtText, nearBad } from "../core/node-trouble.ts";
import { servingNodes } from "../core/path-facts.ts";
import { troubledPorts } from "../core/port-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { countersEvidence } from "../probes/counters.ts";
import { kernelEventsOf } from "../probes/kernel.ts";

/** Below this the kernel threw away what sockets had received, as it does with one slow reader. */
const MIN_PRUNED = 3;

/**
 * All TCP sockets of a node together hold more memory than net.ipv4.tcp_mem allows: the kernel shrinks windows, throws away
 * what was received, and refuses. Decisive are `TCPMemoryPressures` gaining, "TCP: out of memory" in the log, or memory at or
 * above the second value of tcp_mem, while packets through the node or answers of its programs are late or lost.
 * Supporting are PruneCalled, RcvPruned, TCPRcvQDrop and TCPMemoryPressuresChrono.
 * Fooled by PruneCalled alone (one program that does not read its socket: slow-receiver), by the memory limit of a single cgroup,
 * which counts sockets too and shows as none of these, by old log lines, and by hosts whose containers share tcp_mem: what several show is no one's.
 */
export const tcpMemoryPressure: Rule = {
  name: "tcp-memory-pressure",
  title: "TCP of the node is short of memory",
  needs: [nodeLoadEvidence],
  evaluate(seen) {
    const read = servingNodes(seen.plan).filter(
      (node) => seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.tcpMemory,
    );
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the memory of TCP sockets of no node of the path could be read") };
    return {
      status: "cleared",
      because: say("TCP sockets held at most {shares} of the memory from which on the kernel saves", {
        shares: listed(
          read.map((node) => {
            const { most, pressure } = seen.evidence.get(nodeLoadEvidence, `node/${node}`)?.tcpMemory ?? {
              most: 0,
              pressure: 1,
            };
            return say("{share} ({pod})", {
              share: `${Math.round((100 * most) / Math.max(1, pressure))} %`,
              pod: node,
            });
          }),
        ),
      }),
    };
  },
};

const usedOf = ({ tcpMemory }: NodeLoad): number =>
  tcpMemory && tcpMemory.pressure > 0 ? tcpMemory.most / tcpMemory.pressure : 0;

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { evidence, comparison, plan } = seen;
  const load = evidence.get(nodeLoadEvidence, `node/${node}`);
  const legs = hurtLegs(node, seen);
  const ports = troubledPorts(node, seen);
  if (!load?.tcpMemory || (legs.length === 0 && ports.length === 0)) return [];
  const badSeconds = new Set([
    ...(legs.length > 0 ? comparison.badSeconds : []),
    ...ports.flatMap(({ seconds }) => [...seconds]),
  ]);
  const here = plan.vantages.filter((at) => at.node === node);
  const gainedHere = (...names: readonly string[]): number =>
    here.reduce((sum, { id }) => {
      const gains = evidence.get(countersEvidence, id);
      return sum + (gains ? names.reduce((all, name) => all + gainedDuring(gains, name, badSeconds).inside, 0) : 0);
    }, 0);
  const pressures = gainedHere("TcpExtTCPMemoryPressures");
  const pruned = gainedHere("TcpExtPruneCalled", "TcpExtRcvPruned", "TcpExtTCPRcvQDrop");
  const logged = kernelEventsOf(evidence, node).filter(
    ({ kind, atMs }) => kind === "tcp-memory" && nearBad(atMs, { badSeconds }, { beforeS: 3, afterS: 3 }),
  );
  const { most, pressure, max } = load.tcpMemory;
  const full = most >= pressure && onlyHere(evidence, node, usedOf);
  const facts: Sentence[] = [
    ...(full
      ? [
          say(
            "TCP sockets of {node} held {most} pages of memory; from {pressure} on the kernel saves, at {max} it refuses",
            { node, most, pressure, max },
          ),
        ]
      : []),
    ...(pressures > 0
      ? [
          say("TCP of {node} came under memory pressure {times} times while packets or answers were late or lost", {
            node,
            times: pressures,
          }),
        ]
      : []),
    ...(logged[0] ? [say("the kernel of {node} says: {line}", { node, line: logged[0].text.slice(0, 120) })] : []),
  ];
  if (facts.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: facts.length > 1 || (logged.length > 0 && pruned >= MIN_PRUNED) ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        ...facts,
        ...(pruned >= MIN_PRUNED
          ? [
              say(
                "it threw away or squeezed what sockets had received {times} times (PruneCalled, RcvPruned, TCPRcvQDrop)",
                { times: pruned },
              ),
            ]
          : []),
        ...ports.map(({ text }) => text),
        ...(legs.length > 0 ? [hurtText(node, legs, seen)] : []),
      ],
      against: [],
      confirm: [
        `cat /proc/net/sockstat /proc/sys/net/ipv4/tcp_mem; nstat -az | grep -E 'MemoryPressures|Pruned|PruneCalled'   # on ${node}`,
        `dmesg -T | grep 'TCP: out of memory'   # on ${node}`,
      ],
      advice: [
        say(
          "Find who holds so much on {node}: ss -tmn, by Recv-Q and Send-Q; programs that do not read, or far too many connections",
          {
            node,
          },
        ),
        say("Raise net.ipv4.tcp_mem on {node} if the memory is there", { node }),
      ],
      explains: [
        "path-loss",
        "slow-receiver",
        "server-slow",
        "high-latency",
        "link-delay",
        "port-filtered",
        "reset-by-peer",
        "http-error",
      ],
      legs: [...new Set([...legs.map(({ id }) => id), ...ports.flatMap(({ asked }) => asked.legs)])],
    },
  ];
}
