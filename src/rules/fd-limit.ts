import { endsOf, isPod, placeOf } from "../core/elements.ts";
import { tcpEvidence } from "../core/leg-evidence.ts";
import { type NodeLoad, nodeLoadEvidence, onlyHere } from "../core/node-load.ts";
import { asked, suffers } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import { troubledPorts } from "../core/port-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { cgroupsEvidence } from "../probes/cgroups.ts";
import { kernelEventsOf } from "../probes/kernel.ts";
import { listenersEvidence } from "../probes/listeners.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

/** Share of a limit from which on it counts as reached: programs close and open files all the time. */
const FULL = 0.95;

/**
 * A program behind an asked port has used up a limit, and can take no more connections or start nothing: open files (EMFILE) of its
 * process, open files of the whole node (ENFILE), or processes and threads of its pod. Decisive is 95 % or more of the
 * limit, or the kernel's own line, while connects to the port fail, wait to be accepted, or are not answered.
 * Fooled by a limit of another process (only those of the asked pod count), by a program that is near its limit and
 * serves all the same (cleared), and by a soft limit that the program raises itself (the value of the moment is read).
 */
export const fdLimit: Rule = {
  name: "fd-limit",
  title: "Program has used up its open files or tasks",
  needs: [cgroupsEvidence],
  evaluate(seen) {
    const pods = askedPods(seen);
    const suspicions = pods.flatMap((at) => suspect(at, seen));
    if (suspicions.length > 0) return suspicions;
    const read = pods.flatMap((at) =>
      (seen.evidence.get(cgroupsEvidence, at.id)?.containers ?? []).flatMap(({ files }) =>
        files ? [say("{share} ({pod})", { share: percentText(files.open / files.limit), pod: at.label })] : [],
      ),
    );
    if (read.length === 0)
      return {
        status: "unknown",
        because: say("how many files the programs of the asked pods have open could not be read"),
      };
    return {
      status: "cleared",
      because: say("programs of the asked pods use {shares} of the files that they may open, or serve all the same", {
        shares: listed(read),
      }),
    };
  },
};

function askedPods({ plan }: Case): readonly Vantage[] {
  const ids = new Set(plan.legs.filter((leg) => leg.port !== undefined && asked(leg)).map(({ to }) => to));
  return plan.vantages.filter((at) => isPod(at) && ids.has(at.id));
}

/** How connects to a pod's asked ports, or its answers, go wrong; undefined when they do not. */
function harmOf(at: Vantage, seen: Case): { readonly text: Sentence; readonly legs: readonly string[] } | undefined {
  const { plan, comparison, evidence } = seen;
  const [late] = troubledPorts(at.node, seen).filter(({ asked: port }) => port.at.id === at.id);
  if (late) return { text: late.text, legs: late.asked.legs };
  const legs = plan.legs.filter((leg) => leg.port !== undefined && asked(leg) && endsOf(leg, plan).to?.id === at.id);
  const bad = legs.filter(({ id }) => {
    const result = comparison.legs.get(id);
    return suffers(result) || result?.failsAtEnd === true;
  });
  const [first] = bad;
  if (first)
    return {
      text: say("connects to port {port} of {pod} fail", { port: `${first.port}`, pod: at.label }),
      legs: bad.map(({ id }) => id),
    };
  const waiting = evidence
    .get(listenersEvidence, at.id)
    ?.queues.find(
      ({ port, waiting: count, limit }) => legs.some((leg) => leg.port === port) && count >= Math.max(1, limit / 2),
    );
  if (!waiting || !legs.some(({ id }) => evidence.get(tcpEvidence, id))) return undefined;
  return {
    text: say("{waiting} connections to port {port} of {pod} wait to be accepted", {
      waiting: waiting.waiting,
      port: `${waiting.port}`,
      pod: at.label,
    }),
    legs: legs.map(({ id }) => id),
  };
}

function suspect(at: Vantage, seen: Case): readonly Suspicion[] {
  const harm = harmOf(at, seen);
  if (!harm) return [];
  const { evidence } = seen;
  const state = evidence.get(podStateEvidence, at.id);
  const full: Sentence[] = [];
  let program = at.label;
  for (const { id, files, tasks } of evidence.get(cgroupsEvidence, at.id)?.containers ?? []) {
    const name = state?.containers.find((one) => one.id === id)?.name ?? (id.slice(0, 12) || at.label);
    if (files && files.open >= FULL * files.limit) {
      program = files.process;
      full.push(
        say("{process} in {container} of {pod} has {open} of {limit} files open that it may have", {
          process: files.process,
          container: name,
          pod: at.label,
          open: files.open,
          limit: files.limit,
        }),
      );
    }
    if (tasks && tasks.most >= FULL * tasks.limit)
      full.push(
        say("{container} of {pod} has {most} of {limit} processes and threads that it may have", {
          container: name,
          pod: at.label,
          most: tasks.most,
          limit: tasks.limit,
        }),
      );
  }
  const load = evidence.get(nodeLoadEvidence, `node/${at.node}`);
  const share = ({ files }: NodeLoad): number => (files && files.max > 0 ? files.most / files.max : 0);
  if (load?.files && share(load) >= FULL && onlyHere(evidence, at.node, share))
    full.push(
      say("{node} as a whole has {open} of {limit} files open", {
        node: at.node,
        open: load.files.most,
        limit: load.files.max,
      }),
    );
  const line = kernelEventsOf(evidence, at.node).findLast(
    ({ kind, podUid }) =>
      kind === "files-full" || (kind === "fork-rejected" && podUid !== undefined && podUid === state?.uid),
  );
  if (line) full.push(say("the kernel of {node} says: {line}", { node: at.node, line: line.text.slice(0, 120) }));
  if (full.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: full.length > 1 ? "certain" : "likely",
      where: placeOf(at),
      because: [...full, harm.text],
      against: [],
      confirm: [
        `for p in $(pgrep -x '${program.replace(/[^\w.-]/g, ".")}'); do ls /proc/$p/fd | wc -l; grep 'open files' /proc/$p/limits; done   # on ${at.node}`,
        `cat /proc/sys/fs/file-nr; dmesg -T | grep -E 'file-max|fork rejected'   # on ${at.node}`,
      ],
      advice: [
        say("Find out what {process} of {pod} keeps open: connections that nobody closes (CLOSE-WAIT), files, pipes", {
          process: program,
          pod: at.label,
        }),
        say("If the load is real, raise the limit (ulimit -n, LimitNOFILE, podPidsLimit) and restart {pod}", {
          pod: at.label,
        }),
      ],
      explains: [
        "accept-queue-overflow",
        "server-slow",
        "slow-receiver",
        "port-filtered",
        "port-closed",
        "reset-by-peer",
        "http-error",
        "slow-connect",
        "path-loss",
        "close-wait-leak",
        "target-not-running",
      ],
      legs: [...harm.legs],
    },
  ];
}
