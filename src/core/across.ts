import type { CheckRequest } from "./check.ts";
import type { NodeView } from "./cluster-view.ts";
import { NetcheckError } from "./errors.ts";
import type { Inventory } from "./inventory.ts";
import { findTarget } from "./nearest.ts";
import { bracketed } from "./packet-address.ts";
import type { Place } from "./place.ts";
import type { End } from "./plan.ts";
import { inPrefix } from "./routes.ts";
import { say, type Text } from "./sentence.ts";
import { type Target, targetText } from "./target.ts";

/**
 * A check between two clusters has two parts: each is measured by the workers of one cluster, from its own end to the address of the
 * other, because no worker holds the credential of two. A check within one cluster is its own and only part.
 */

/** The clusters that measure for a check, that of its first end first. */
export const clustersOf = ({ cluster, toCluster }: Pick<CheckRequest, "cluster" | "toCluster">): readonly string[] =>
  toCluster === undefined ? [cluster] : [cluster, toCluster];

/** The id under which the second part keeps what is its own: state, tasks on nodes, captures. No check has an id of this length. */
export const secondPartId = (check: string): string => `${check}2`;

/** The end of a part that is in the other cluster. `begins`: the asked way begins there, so that this part measures the way back. */
export type OtherEnd = { readonly cluster: string; readonly target: Target; readonly begins: boolean };
/** What the workers of one cluster measure: their own end first. `otherEnd` is absent where both ends are theirs. */
export type Part = CheckRequest & { readonly otherEnd?: OtherEnd };

/** The part of a check that is measured in `cluster`, which is one of `clustersOf`. */
export function partOf(request: CheckRequest, cluster: string): Part {
  const { toCluster, ...rest } = request;
  if (toCluster === undefined) return rest;
  const { id, from, to } = request;
  const [there, back] = [
    { cluster: toCluster, target: to, begins: false },
    { cluster: request.cluster, target: from, begins: true },
  ];
  return cluster === toCluster
    ? { ...rest, id: secondPartId(id), cluster, from: to, to: from, otherEnd: back }
    : { ...rest, otherEnd: there };
}

/** An end with the cluster that it is in, as it can be typed: `shop/web-0:80@edge-1`. */
const inCluster = (target: Target, cluster: string): string => `${targetText(target)}@${cluster}`;

/** A name of this cluster with a port behind it, or of another one (`shop/web-0@edge-1`) with the port where it can be typed. */
export function withPort(name: string, port: number | string): string {
  const [own = "", cluster] = name.split("@");
  const host = bracketed(own);
  return cluster === undefined ? `${host}:${port}` : `${host}:${port}@${cluster}`;
}

/** Both ends as people read them, with their clusters where these are two. */
export function endTexts({ from, to, cluster, toCluster }: CheckRequest): readonly [string, string] {
  if (toCluster === undefined) return [targetText(from), targetText(to)];
  return [inCluster(from, cluster), inCluster(to, toCluster)];
}

/**
 * The end in the other cluster as it is reached from here: by the address that its workers have published. Throws `not-found` when
 * there is none that means the same in both clusters: a Service has its address within its own only, a deployment none.
 */
export function otherEnd({ cluster, target }: OtherEnd, names: Inventory | undefined): Target {
  const port = target.port === undefined ? {} : { port: target.port };
  if (target.kind === "address") return target;
  const name = inCluster(target, cluster);
  if (target.kind !== "pod" && target.kind !== "node")
    throw new NetcheckError("not-found", say("{name} has no address that another cluster could reach.", { name }), {
      hint: say("Name a pod, a node or an address of {cluster}.", { cluster }),
    });
  const result = names && findTarget(names, target);
  if (result && "found" in result && result.found.ip !== undefined)
    return { kind: "address", ip: result.found.ip, ...port };
  throw new NetcheckError("not-found", say("The address of {name} is not known here.", { name }), {
    hint: say("Name its address: {form}.", { form: `10.0.0.7@${cluster}` }),
  });
}

/**
 * That end as the plan knows it, by its name. Throws `not-found` when its address belongs to somebody of this cluster: packets to it
 * would never leave.
 */
export function otherEndNamed(found: End, { cluster, target }: OtherEnd): End {
  const { port: _, ...unported } = target;
  if (found.kind === "address") return { ...found, cluster, name: inCluster(unported as Target, cluster) };
  throw new NetcheckError(
    "not-found",
    say("Both clusters use the address {ip}, so neither reaches the other by it.", { ip: found.ip }),
    { hint: say("Make two checks, to {forms}.", { forms: say("node ports and load balancers") }) },
  );
}

/** Whether a place is no more than that end as its own cluster does not know it: an address, or the way to it. */
export const isBeyond = ({ name, peer }: Place, other: End | undefined): boolean =>
  other?.cluster !== undefined && [name, peer].includes(other.ip);

/** A text with that end by its name where its address stands. */
export function withOtherEnd(text: string, other: End | undefined): string {
  if (other?.cluster === undefined) return text;
  // Not within a longer address.
  return text.replaceAll(
    new RegExp(`(?<![\\d.:a-f])${RegExp.escape(other.ip)}(?![\\d.]*\\d|:[\\da-f]*:)`, "gi"),
    other.name,
  );
}

/** What may keep packets to that end at home: its address lies where a node of this cluster has its pods. */
export function otherEndNotes({ cluster, ip, name }: End, nodes: readonly NodeView[]): readonly Text[] {
  if (cluster === undefined) return [];
  return nodes.flatMap(({ name: node, podCidrs }) =>
    podCidrs
      .filter((range) => inPrefix(ip, range))
      .map((range) =>
        say("{name} has the address {ip}, and {node} has the range {range} for its pods: packets may never leave.", {
          ...{ name, ip, node, range },
        }),
      ),
  );
}
