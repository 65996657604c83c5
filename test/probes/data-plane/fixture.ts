import { readFileSync } from "node:fs";
import type { ClusterView, PodView } from "#src/core/cluster-view.ts";
import type { Vantage } from "#src/core/plan.ts";
import type { Scene } from "../../core/simulate.ts";

/**
 * What the readings print on a node of one data plane and in a pod on it. The files say where their forms are from; they are about
 * the node ulm and the pod shop/api-0 of the simulated cluster. What graz prints is the same with the two swapped.
 */
export type Fixture = {
  /** By place and reading: `node/links`. */
  readonly sections: Readonly<Record<string, string>>;
  /** Pods of agents that each node has: name and label. */
  readonly pods: readonly { readonly name: string; readonly label: readonly [string, string] }[];
};

export function fixture(name: string): Fixture {
  const text = readFileSync(new URL(`../../fixtures/data-planes/${name}.txt`, import.meta.url), "utf8");
  const [, ...parts] = text.split(/^== /m);
  const sections = Object.fromEntries(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return [part.slice(0, end), part.slice(end + 1)];
    }),
  );
  const { pods = "", ...readings } = sections;
  return {
    sections: readings,
    pods: pods.split("\n").flatMap((line) => {
      const [name = "", label = ""] = line.split(" ");
      const [key = "", value = ""] = label.split("=");
      return name === "" ? [] : [{ name, label: [key, value] as const }];
    }),
  };
}

/** `change` alters what is printed at a place. */
export function sceneOf({ sections, pods }: Fixture, change: (text: string, at: Vantage) => string = (text) => text) {
  return {
    facts: (at, probe) => {
      // Addresses are printed with the links.
      if (probe === "addresses") return "[]";
      const kind = at.id.startsWith("pod/") ? "pod" : "node";
      if (at.node !== "ulm" && at.node !== "graz") return undefined;
      if (kind === "pod" && !at.label.startsWith("shop/api-")) return undefined;
      const text = sections[`${kind}/${probe}`] ?? EMPTY[probe];
      return text === undefined ? undefined : change(at.node === "graz" ? swapped(text) : text, at);
    },
    views: (view) => [withPods(view, pods)],
  } satisfies Scene;
}

const EMPTY: Readonly<Record<string, string>> = {
  "service-rules-nft": '{"nftables": []}',
  "service-rules-ipvs": "",
  "bpf-programs": "",
};

/** The same from the other node's side. */
function swapped(text: string): string {
  const other: Readonly<Record<string, string>> = {
    "172.20.7.20": "172.20.7.21",
    "172.20.7.21": "172.20.7.20",
    "10.42.0.": "10.42.1.",
    "10.42.1.": "10.42.0.",
    "fd00:20::20": "fd00:20::21",
    "fd00:20::21": "fd00:20::20",
  };
  return text.replaceAll(/172\.20\.7\.2[01]\b|10\.42\.[01]\.|fd00:20::2[01]/g, (found) => other[found] ?? found);
}

function withPods(view: ClusterView, pods: Fixture["pods"]): ClusterView {
  const agents = view.nodes.flatMap(({ name: node, ip }) =>
    pods.map(({ name, label: [key, value] }): PodView => {
      const [namespace = "", pod = ""] = name.split("/");
      return {
        namespace,
        name: `${pod}-${node}`,
        uid: `${pod}-${node}`,
        node,
        ip,
        hostNetwork: true,
        phase: "Running",
        ready: true,
        labels: { [key]: value },
        containers: [{ name: "main", ports: [], restarts: 0, state: "running" }],
      };
    }),
  );
  return { ...view, pods: [...view.pods, ...agents] };
}
