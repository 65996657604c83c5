import { dnsEvidence } from "../core/dns-evidence.ts";
import { type DnsFacts, dnsFacts, failing } from "../core/dns-facts.ts";
import { podPlace, serverLines, servicePlace } from "../core/dns-text.ts";
import type { Rule } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { wilson } from "../core/stats.ts";
import { type PodState, podStateEvidence } from "../probes/pod-state.ts";

/**
 * DNS pods crash, wait in CrashLoopBackOff or restarted while the check ran, and the asking pod's queries fail at a share
 * that is no accident (three, 2 % beyond doubt). Decisive is the container's state together with the failures.
 * Fooled by a rolling update or the restart of one pod of several: it leaves the Service, and the pod's queries are
 * answered by the others (then nothing fails, and this is cleared).
 */
export const dnsCrashLoop: Rule = {
  name: "dns-crash-loop",
  title: "DNS pods crash",
  needs: [dnsEvidence, podStateEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    if (!facts) return { status: "unknown", because: say("too few names were asked for") };
    const states = facts.servers.flatMap((server) => {
      const state = seen.evidence.get(podStateEvidence, `pod/${server.label}`);
      return state ? [{ server, state }] : [];
    });
    const ill = states.filter(({ state }) => state.notRunning.length > 0 || state.restarts > 0);
    if (ill.length === 0)
      return states.length === 0
        ? { status: "unknown", because: say("the state of no DNS pod is known") }
        : {
            status: "cleared",
            because: say("the containers of {count} DNS pods run and did not restart", { count: states.length }),
          };
    if (!fails(facts))
      return {
        status: "cleared",
        because: say("{pods} restarted or do not run, but the names of {pod} are answered", {
          pods: listed(ill.map(({ server }) => server.label)),
          pod: facts.at.label,
        }),
      };
    const all = ill.length === facts.servers.length;
    return [
      {
        status: "suspected",
        confidence: "certain",
        where: all ? servicePlace(facts) : podPlace(ill[0]?.server.label ?? ""),
        because: [
          say("{count} of {of} DNS pods crash: {states}", {
            count: ill.length,
            of: facts.servers.length,
            states: listed(ill.map(({ server, state }) => stateText(server.label, state))),
          }),
          say("{bad} of {sent} queries of {pod} failed", {
            bad: facts.names.lost + facts.names.failed,
            sent: facts.names.sent,
            pod: facts.at.label,
          }),
          ...serverLines(facts),
        ],
        against: [],
        confirm: ill.flatMap(({ server }) => {
          const [namespace, name] = server.label.split("/");
          return [`kubectl -n ${namespace} logs --previous ${name}`, `kubectl -n ${namespace} describe pod ${name}`];
        }),
        advice: [
          say("Read the log of the last run of {pods}: a forwarding loop, a wrong Corefile, too little memory", {
            pods: listed(ill.map(({ server }) => server.label)),
          }),
        ],
        explains: [
          "dns-down",
          "dns-path-loss",
          "dns-upstream-failing",
          "dns-tcp-blocked",
          "dns-overloaded",
          "dns-stale-answer",
        ],
      },
    ];
  },
};

function fails({ names }: DnsFacts): boolean {
  const bad = names.lost + names.failed;
  return bad >= 3 && wilson(bad, names.sent).low > 0.02 && failing(names) > 0;
}

function stateText(pod: string, { notRunning, restarts }: PodState): Sentence {
  return notRunning.length > 0
    ? say("{pod}: {state}", { pod, state: listed(notRunning) })
    : say("{pod} restarted {times} during the check", { pod, times: counted(restarts, "time") });
}
