import { type AskedPort, askedPorts, notAsked } from "../core/asked-ports.ts";
import { isPod, placeOf } from "../core/elements.ts";
import { type HttpData, httpEvidence } from "../core/http-evidence.ts";
import { bracketed } from "../core/packet-address.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";

/** What a server says when it cannot do its work. 501 is how simple servers refuse HEAD, 4xx is an answer like any other. */
const FAILURES = ["500", "502", "503", "504", "507", "508", "520", "521", "522", "523", "524"];
const MIN_FAILURES = 3;
const MIN_SHARE = 0.2;

/**
 * The transport works and the program answers with a server error (5xx) to at least three and 20 % of our requests. It is
 * the application's own trouble, named so that nobody looks for it in the network.
 * Fooled by servers that know no HEAD (405, 501 are no errors here), by paths that want a login (401, 403, 404), and by a
 * proxy in front that answers in the program's name: then its own network shows other answers, which is said.
 */
export const httpError: Rule = {
  name: "http-error",
  title: "Application answers with errors",
  needs: [httpEvidence],
  evaluate(seen) {
    const ports = askedPorts(seen);
    const suspicions = ports.flatMap((port) => suspect(port, seen));
    if (suspicions.length > 0) return suspicions;
    const answered = ports.flatMap(({ source }) => (source && answersOf(source) > 0 ? [source] : []))[0];
    if (!answered) return { status: "unknown", because: notAsked(ports) };
    const statuses = Object.entries(answered.statuses).map(([status, count]) => `${count} × ${status}`);
    return {
      status: "cleared",
      because: say("answers to the check's requests: {statuses}", { statuses: listed(statuses) }),
    };
  },
};

const answersOf = ({ statuses }: HttpData): number => Object.values(statuses).reduce((sum, count) => sum + count, 0);
const failuresOf = ({ statuses }: HttpData): number =>
  FAILURES.reduce((sum, status) => sum + (statuses[status] ?? 0), 0);

function suspect({ at, port, source, node, self, legs }: AskedPort, { plan }: Case): readonly Suspicion[] {
  const fails = (data: HttpData | undefined): boolean =>
    data !== undefined && failuresOf(data) >= MIN_FAILURES && failuresOf(data) / answersOf(data) >= MIN_SHARE;
  const data = [source, node].find(fails);
  if (!data) return [];
  const from = plan.vantages.find(({ id }) => id === data.from)?.label ?? data.from;
  const statuses = FAILURES.filter((status) => data.statuses[status]).map(
    (status) => `${data.statuses[status]} × ${status}`,
  );
  const own = self && answersOf(self) > 0 ? fails(self) : undefined;
  return [
    {
      status: "suspected",
      confidence: own === true ? "certain" : "likely",
      where: placeOf(at),
      because: [
        say("port {port} of {pod} answers requests of {from} with server errors: {statuses} of {answers} ({share})", {
          port: `${port}`,
          pod: at.label,
          from,
          statuses: listed(statuses),
          answers: counted(answersOf(data), "answer"),
          share: percentText(failuresOf(data) / answersOf(data)),
        }),
        say("connections are made and requests delivered: it is the application, not the network"),
        ...(own === true ? [say("inside the network of {pod} itself it answers the same", { pod: at.label })] : []),
      ],
      against:
        own === false
          ? [
              say("inside the network of {pod} the program answers without errors: a proxy in front of it says this", {
                pod: at.label,
              }),
            ]
          : [],
      confirm: [
        `curl -sSI http://${bracketed(at.ip)}:${port}/   # in the network of ${at.label}`,
        ...(isPod(at) ? [`kubectl logs -n ${at.label.replace("/", " ")} --since=10m`] : []),
      ],
      advice: [say("Read the log of {pod} at the time of the check; the network needs no change", { pod: at.label })],
      legs: [...legs],
    },
  ];
}
