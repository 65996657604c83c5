import { cause, healthy, noSuchName, policyDeny, type Wanted } from "./checks.ts";

/** No program listens there in pods that have one program, at another port. */
const CLOSED = 8_099;

/** Paths on which nothing is wrong, as far as anybody knows. `nodes`: those with agents. */
export function healthyChecks(namespace: string, [one, other = one]: readonly string[]): Wanted[] {
  const pod = (name: string): string => `${namespace}/${name}`;
  const paths: readonly Pick<Wanted, "step" | "words" | "recorded">[] = [
    { step: "pod to pod, recorded", words: `capture ${pod("client")} ${pod("server")}`, recorded: true },
    { step: "pod to Service", words: `${pod("client")} svc/${namespace}/web` },
    { step: "pod to headless Service", words: `${pod("client")} svc/${namespace}/web-headless` },
    ...(one === other ? [] : [{ step: "node to node", words: `node/${one} node/${other}` }]),
  ];
  return paths.map((path) => ({ ...path, area: "checks", expected: "healthy", judge: healthy }));
}

/** Faults that the run makes itself, of which each has one right name. */
export function faultChecks(namespace: string): Wanted[] {
  const client = `${namespace}/client`;
  const wanted = (step: string, to: string, name: string): Wanted => ({
    area: "faults",
    step,
    words: `${client} ${to}`,
    expected: `the cause ${name}`,
    judge: cause(name),
  });
  return [
    wanted("closed port", `${namespace}/server:${CLOSED}`, "port-closed"),
    wanted("missing endpoint", `svc/${namespace}/empty`, "selector-mismatch"),
    wanted("CPU limit", `${namespace}/starved:8080`, "cpu-throttled"),
    { ...wanted("NetworkPolicy", `${namespace}/walled:8080`, "network-policy-deny"), judge: policyDeny },
    {
      ...wanted("wrong DNS name", `nobody.${namespace}.svc.cluster.local`, ""),
      expected: "no address is known for it",
      judge: noSuchName,
    },
  ];
}
