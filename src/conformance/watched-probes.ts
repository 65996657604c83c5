import type { ClusterView } from "../core/cluster-view.ts";
import { DATA_PLANE } from "../core/data-plane-gaps.ts";
import type { Probe, Reader, StreamContext, TapContext } from "../core/probe.ts";
import { type Asked, failed, ok, type Step, skipped } from "./step.ts";

/** What one probe did in all checks of a run. */
type Seen = {
  /** Subjects at which it was asked for. */
  readonly places: Set<string>;
  /** Those of which there is evidence. */
  readonly told: Set<string>;
  /** Finished runs of a reading's command. */
  samples: number;
};

export type WatchedProbes = {
  readonly probes: readonly Probe[];
  readonly seen: ReadonlyMap<string, Seen>;
};

/** The same probes, with a note of what each was asked and what it said. */
export function watched(probes: readonly Probe[]): WatchedProbes {
  const seen = new Map<string, Seen>(
    probes.map(({ name }) => [name, { places: new Set<string>(), told: new Set<string>(), samples: 0 }]),
  );
  const of = (name: string): Seen => {
    const found = seen.get(name);
    if (!found) throw new Error(`no probe ${name}`);
    return found;
  };
  const heard = (reader: Reader, name: string, place: string): Reader => {
    of(name).places.add(place);
    return {
      push: reader.push,
      evidence: (at) => {
        const evidence = reader.evidence(at);
        if (evidence.length > 0) of(name).told.add(place);
        return evidence;
      },
    };
  };
  const watch = (probe: Probe): Probe => {
    const { name } = probe;
    switch (probe.kind) {
      case "stream":
        return { ...probe, open: (context: StreamContext) => heard(probe.open(context), name, context.leg.id) };
      case "tap":
      case "survey":
        return { ...probe, open: (context: TapContext) => heard(probe.open(context), name, context.at.id) };
      case "reading":
        return {
          ...probe,
          read: (samples, context) => {
            const evidence = probe.read(samples, context);
            const note = of(name);
            note.places.add(context.subject);
            note.samples = Math.max(note.samples, samples.length);
            if (evidence.length > 0) note.told.add(context.subject);
            return evidence;
          },
        };
      case "cluster":
        return {
          ...probe,
          read: (views: readonly ClusterView[]) => {
            const evidence = probe.read(views);
            of(name).places.add("cluster");
            of(name).samples = Math.max(of(name).samples, views.length);
            for (const { subject } of evidence) of(name).told.add(subject);
            return evidence;
          },
        };
    }
  };
  return { probes: probes.map(watch), seen };
}

const words = {
  stream: "ran it along the path for the whole window",
  tap: "listened for the whole window",
  survey: "asked several targets in turn",
  reading: "read this fact of nodes and pods every few seconds",
  cluster: "read it from the Kubernetes API",
} as const;

/** One step for each probe. `gaps`: what the checks could not measure, and why. */
export function probeSteps(
  probes: readonly Probe[],
  seen: WatchedProbes["seen"],
  gaps: readonly { readonly probe: string; readonly subject: string; readonly reason: string }[],
): Step[] {
  const others = [...new Set(gaps.map(({ probe }) => probe))].filter((name) => !seen.has(name));
  const more = others.map((name) => ({ name, kind: undefined }));
  return [...probes, ...more].map(({ name, kind }): Step => {
    const asked: Asked = {
      area: "probes",
      step: name,
      did: kind ? words[kind] : "needed it for the checks",
      expected: "an answer from wherever it was asked for",
    };
    const { places, told, samples } = seen.get(name) ?? { places: new Set(), told: new Set(), samples: 0 };
    const lacking = gaps.filter(({ probe }) => probe === name);
    const [gap] = lacking;
    // What the cluster's data plane hides is no fault of the agents.
    if (gap && name === DATA_PLANE) return skipped(asked, `${gap.subject}: ${gap.reason}`);
    if (gap)
      return failed(
        asked,
        `${gap.subject}: ${gap.reason}${lacking.length > 1 ? ` (and ${lacking.length - 1} more)` : ""}`,
        "The reason says what is missing there; netcheck doctor looks at the agents' tools and capabilities.",
      );
    if (places.size === 0) return skipped(asked, "nothing on the paths of this run asks for it.");
    const where = kind === "cluster" ? "in the API" : `at ${places.size} places`;
    if (told.size > 0)
      return ok(
        asked,
        kind === "cluster" ? `About ${told.size} objects.` : `${told.size} of ${places.size} places told something.`,
      );
    if (samples > 0) return ok(asked, `Read ${where}; there is nothing of its kind.`);
    return failed(
      asked,
      `Asked for at ${places.size} places, and nothing came.`,
      "The agent's log and /var/lib/netcheck on its node say more: kubectl -n netcheck logs daemonset/netcheck-agent.",
    );
  });
}
