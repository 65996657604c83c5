import type { ClusterView, IngressView } from "./cluster-view.ts";
import type { End } from "./plan.ts";
import { listed, type Sentence, say } from "./sentence.ts";

/** Names of one note; whoever has more knows them. */
const MOST = 3;

/**
 * The asked end is reached from outside through Ingresses. That is no fault, but complaints from outside are about a
 * longer path than the one that is measured here, so the report says so. A host name of an Ingress is its entrance: what
 * stands behind it is not measured.
 */
export function behindIngress(
  to: End,
  { ingresses = [], services }: Pick<ClusterView, "ingresses" | "services">,
): readonly Sentence[] {
  if (to.kind === "address") {
    const entered = ingresses.filter(({ hosts }) => hosts.some((host) => serves(host, to.name)));
    if (entered.length === 0) return [];
    const backends = entered.flatMap(({ namespace, backends }) =>
      backends.map(({ service, port }) => `svc/${namespace}/${service}:${port}`),
    );
    const seen = { host: to.name, ingresses: listed(entered.map(named), MOST) };
    return [
      backends.length === 0
        ? say(
            "{host} is the host of Ingress {ingresses}: this check measures the way to it, not what stands behind it.",
            seen,
          )
        : say(
            "{host} is the host of Ingress {ingresses}: this check measures the way to it, not from there to {backends}.",
            { ...seen, backends: listed([...new Set(backends)], MOST) },
          ),
    ];
  }
  const reached = new Set(
    services
      .filter(({ namespace, name, endpoints }) =>
        to.kind === "service"
          ? to.name === `svc/${namespace}/${name}`
          : to.kind === "pod" && endpoints.some(({ pod }) => `${namespace}/${pod}` === to.name),
      )
      .map(({ namespace, name }) => `${namespace}/${name}`),
  );
  const through = ingresses.filter(({ namespace, backends }) =>
    backends.some(({ service }) => reached.has(`${namespace}/${service}`)),
  );
  if (through.length === 0) return [];
  return [
    say("{name} is also reached through Ingress {ingresses}: what comes from outside passes it, this check does not.", {
      name: to.name,
      ingresses: listed(through.map(withHosts), MOST),
    }),
  ];
}

const named = ({ namespace, name }: IngressView): string => `${namespace}/${name}`;

function withHosts(ingress: IngressView): Sentence | string {
  const { hosts } = ingress;
  if (hosts.length === 0) return named(ingress);
  return say("{ingress} (host {hosts})", { ingress: named(ingress), hosts: listed(hosts, MOST) });
}

/** `*.example.org` stands for exactly one label more (Ingress API, "Hostname wildcards"). */
function serves(host: string, asked: string): boolean {
  const name = asked.toLowerCase();
  if (!host.startsWith("*.")) return host.toLowerCase() === name;
  return name.slice(name.indexOf(".") + 1) === host.slice(2).toLowerCase() && name.includes(".");
}
