import type { Rule } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { fails, serviceLegs } from "../core/service-legs.ts";
import { failsText } from "../core/service-text.ts";

/**
 * The asked Service's selector finds no pod, so it has no endpoints and its address leads nowhere. Decisive are the
 * selector, compared with the labels of the pods of its namespace, and connects of which nine in ten fail.
 * Fooled by Services without a selector (somebody else writes their endpoints), and by a selector that finds pods which
 * are not ready (that is `no-endpoints`).
 */
export const selectorMismatch: Rule = {
  name: "selector-mismatch",
  title: "Service selects no pod",
  needs: [],
  evaluate(seen) {
    const { to } = seen.plan;
    const legs = serviceLegs(seen).filter(({ service }) => service === to.name);
    const [first] = legs;
    if (!first) return { status: "cleared", because: say("no Service was asked about") };
    const { selector, selected, near, ready, others } = first.state;
    const wanted = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
    const service = to.name;
    if (wanted.length === 0) return { status: "cleared", because: say("{service} has no selector", { service }) };
    if (selected > 0 || ready.length + others.length > 0)
      return {
        status: "cleared",
        because: say("the selector of {service} finds {pods}", { service, pods: counted(selected, "pod") }),
      };
    const bad = legs.filter(({ result }) => fails(result));
    if (bad.length === 0)
      return { status: "unknown", because: say("{service} selects no pod, but answers or was not tried", { service }) };
    const [, namespace = "", name = ""] = service.split("/");
    return {
      status: "suspected",
      confidence: "certain",
      where: { kind: "service", name: service },
      because: [
        say("the selector of {service}, {selector}, finds no pod in {namespace}", {
          service,
          selector: wanted.join(","),
          namespace,
        }),
        ...bad.slice(0, 2).map(failsText),
        ...(near.length > 0
          ? [
              say("one label away: {pods}", {
                pods: listed(near.map(({ pod, label, value }) => `${pod} (${label}=${value ?? "–"})`)),
              }),
            ]
          : []),
      ],
      against: [],
      confirm: [
        `kubectl get pods -n ${namespace} -l ${wanted.join(",")}`,
        `kubectl get service -n ${namespace} ${name} -o jsonpath='{.spec.selector}'`,
      ],
      advice: [say("Make the selector of {service} and the labels of its pods the same", { service })],
      explains: ["no-endpoints", "port-closed", "port-filtered", "path-loss"],
      legs: bad.map(({ result }) => result.leg.id),
      breaks: true,
    };
  },
};
