import { bracketed } from "./packet-address.ts";
import { counted, type Sentence, say } from "./sentence.ts";
import { failures, type ServiceLeg } from "./service-legs.ts";

/** How connects to a Service go that mostly fail from somewhere. */
export function failsText({ from, service, state, port, result }: ServiceLeg): Sentence {
  return say("from {from} to {service} ({ip}:{port}) {bad} of {sent} fail", {
    from: from.label,
    service,
    ip: bracketed(state.clusterIp ?? ""),
    port: String(port),
    bad: failures(result),
    sent: counted(result.sent, "connect"),
  });
}

/** The same from where they do not. */
export function worksText({ from, service, result }: ServiceLeg): Sentence {
  return say("from {from} on {node} {service} answers: {good} of {sent}", {
    from: from.label,
    node: from.node,
    service,
    good: result.sent - failures(result),
    sent: counted(result.sent, "connect"),
  });
}
