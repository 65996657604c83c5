import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { selects } from "../endpoints.ts";
import type { LabPod, LabService } from "../model.ts";
import { findPod, findService } from "../names.ts";
import { podIp } from "../plan.ts";
import { podKey } from "../store.ts";
import { defineFault, type LabParts, machineOf, type Undo, whileBooted } from "./fault.ts";

const service = z.string("must be a service");

/** The rules of a service still send a share of connections to addresses that nobody has any more. */
export const staleEndpoint = defineFault(
  "stale-endpoint",
  { service, count: z.number().int().min(1).max(20).default(1) },
  {
    prepare({ service: text, count }, lab) {
      const found = findService(lab.store, text);
      const addresses = unusedPodIps(lab, count);
      return {
        description: `service ${podKey(found)} still has ${count} endpoint${count === 1 ? "" : "s"} that no longer exist`,
        async apply() {
          const end = lab.proxy.keepStale(podKey(found), addresses);
          await lab.proxy.sync();
          return async () => {
            end();
            await lab.proxy.sync();
          };
        },
      };
    },
  },
);

function unusedPodIps({ plan }: LabParts, count: number): string[] {
  const used = new Set(plan.pods.map(({ pod }) => pod.ip));
  const drawn: string[] = [];
  while (drawn.length < count) {
    const node = plan.nodes[plan.random.between(0, plan.nodes.length - 1)];
    const candidate = node && podIp(node, plan.random.between(2, 254));
    if (candidate === undefined || used.has(candidate)) continue;
    used.add(candidate);
    drawn.push(candidate);
  }
  return drawn;
}

/** No pod behind a service is ready: their readiness probes fail. */
export const noEndpoints = defineFault(
  "no-endpoints",
  { service, count: z.number().int().min(1).max(200).optional() },
  {
    prepare({ service: text, count }, lab) {
      const found = findService(lab.store, text);
      const pods = podsBehind(lab, found).slice(0, count);
      if (pods.length === 0) throw new NetcheckError("bad-config", `Service ${podKey(found)} has no pods.`);
      return {
        description: `${count === undefined ? "no pod" : `not ready: ${pods.map(podKey).join(", ")}`} of service ${podKey(found)}${count === undefined ? " is ready" : ""}`,
        async apply() {
          for (const pod of pods) setReady(lab, pod, false);
          await lab.proxy.sync();
          return async () => {
            for (const pod of pods) if (pod.containers[0]?.state === "running") setReady(lab, pod, true);
            await lab.proxy.sync();
          };
        },
      };
    },
  },
);

/** A service's selector asks for a label that no pod has. */
export const selectorMismatch = defineFault(
  "selector-mismatch",
  /** How many of its labels are wrong. */
  { service, count: z.number().int().min(1).max(10).default(1) },
  {
    prepare({ service: text, count }, lab) {
      const found = findService(lab.store, text);
      const selector = Object.fromEntries(
        Object.entries(found.selector).map(([key, value], index) => [key, index < count ? `${value}-v2` : value]),
      );
      return {
        description: `service ${podKey(found)} selects ${Object.entries(selector).map((pair) => pair.join("="))}, which no pod has`,
        apply: () =>
          changeService(
            lab,
            found,
            (current) => ({ ...current, selector }),
            (current) => ({ ...current, selector: found.selector }),
          ),
      };
    },
  },
);

/** A service sends its connections to a port on which its pods do not listen. */
export const wrongTargetPort = defineFault(
  "wrong-target-port",
  {
    service: service.optional(),
    /** A pod behind the service that is meant. */
    pod: z.string().optional(),
    /** The wrong port; one that is closed when absent. */
    port: z.number().int().min(1).max(65_535).optional(),
  },
  {
    rules: [
      {
        message: "needs either service or pod",
        holds: ({ service: name, pod }) => (name === undefined) !== (pod === undefined),
      },
    ],
    prepare({ service: text, pod, port }, lab) {
      const found = text === undefined ? serviceOf(lab, findPod(lab.store, pod ?? "")) : findService(lab.store, text);
      const open = new Set(
        podsBehind(lab, found).flatMap((one) => lab.pods.planned(one).serves.map((served) => served.port)),
      );
      if (port !== undefined && open.has(port))
        throw new NetcheckError("bad-config", `Pods of service ${podKey(found)} do listen on ${port}.`);
      const wrong = port ?? [...Array(1_000).keys()].map((n) => 9_000 + n).find((candidate) => !open.has(candidate));
      const [first] = found.ports;
      const ports = found.ports.map((one) => (one === first ? { ...one, targetPort: wrong ?? 9_000 } : one));
      return {
        description: `service ${podKey(found)} leads to port ${wrong}, where nothing listens`,
        apply: () =>
          changeService(
            lab,
            found,
            (current) => ({ ...current, ports }),
            (current) => ({ ...current, ports: found.ports }),
          ),
      };
    },
  },
);

function serviceOf({ store }: LabParts, pod: LabPod): LabService {
  const found = [...store.services.values()].find(
    ({ namespace, selector }) => namespace === pod.namespace && selects(selector, pod.labels),
  );
  if (!found) throw new NetcheckError("bad-config", `No service of this lab leads to pod ${podKey(pod)}.`);
  return found;
}

type Change = (service: LabService) => LabService;

async function changeService(
  lab: LabParts,
  { namespace, name }: LabService,
  change: Change,
  back: Change,
): Promise<Undo> {
  const apply = async (how: Change): Promise<void> => {
    const current = lab.store.services.get(podKey({ namespace, name }));
    if (current) lab.store.replaceService(how(current));
    await lab.proxy.sync();
  };
  await apply(change);
  return () => apply(back);
}

/** The bridge ports of a service's pods do not hand a frame back by the way it came: no pod can be sent to itself. */
export const hairpinOff = defineFault(
  "hairpin-off",
  /** Of how many of its pods; all when absent. */
  { service, count: z.number().int().min(1).max(200).optional() },
  {
    prepare({ service: text, count }, lab) {
      const found = findService(lab.store, text);
      const pods = podsBehind(lab, found)
        .filter((pod) => lab.pods.planned(pod).veth !== undefined)
        .slice(0, count);
      if (pods.length === 0) throw new NetcheckError("bad-config", `Service ${podKey(found)} has no pods.`);
      const set = async (pod: LabPod, mode: "on" | "off"): Promise<void> => {
        const { veth = "" } = lab.pods.planned(pod);
        await machineOf(lab, pod.node).run(["bridge", "link", "set", "dev", veth, "hairpin", mode]);
      };
      return {
        description: `hairpin mode is off for ${pods.map(podKey).join(", ")}`,
        async apply() {
          await using stack = new AsyncDisposableStack();
          for (const pod of pods) {
            await set(pod, "off");
            stack.defer(whileBooted(machineOf(lab, pod.node), () => set(pod, "on")));
          }
          const applied = stack.move();
          return () => applied.disposeAsync();
        },
      };
    },
  },
);

const podsBehind = ({ store }: LabParts, { namespace, selector }: LabService): LabPod[] =>
  [...store.pods.values()].filter((pod) => pod.namespace === namespace && selects(selector, pod.labels));

function setReady({ store }: LabParts, pod: LabPod, ready: boolean): void {
  pod.ready = ready;
  store.touched({ pod });
  if (ready) return;
  const [port] = pod.containers[0]?.ports ?? [];
  store.record(
    { kind: "Pod", pod },
    {
      type: "Warning",
      reason: "Unhealthy",
      message: `Readiness probe failed: Get "http://${pod.ip}:${port?.port ?? 80}/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    },
  );
}
