import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import type { LabPod } from "../model.ts";
import { findPod, findService } from "../names.ts";
import { defineFault, type LabParts } from "./fault.ts";
import { startWorker, whileContainerLives } from "./worker.ts";

/** Local ports that the pod gets, so that they can be used up without thousands of connections. */
const PORTS = 64;

/** The pod has used up its local ports for connections to one address and port. */
export const portExhaustion = defineFault(
  "port-exhaustion",
  {
    pod: z.string("must be a pod"),
    /** A pod or a Service, as `name` or `name:port`. */
    to: z.string("must be a pod or a Service"),
  },
  {
    ipv4Only: true,
    prepare({ pod: text, to }, lab) {
      const pod = findPod(lab.store, text);
      if (pod.hostNetwork) throw new NetcheckError("bad-config", `Pod ${text} is in the node's own network.`);
      const target = targetOf(lab, to);
      return {
        description: `pod ${pod.namespace}/${pod.name} has no local port left for connections to ${to} (${target.ip}:${target.port})`,
        async apply() {
          const first = lab.plan.random.between(20_000, 50_000);
          const before = (await lab.pods.run(pod, ["sysctl", "-n", "net.ipv4.ip_local_port_range"])).trim();
          const range = (value: string): Promise<string> =>
            lab.pods.run(pod, ["sysctl", "-qw", `net.ipv4.ip_local_port_range=${value}`]);
          await range(`${first} ${first + PORTS - 1}`);
          const worker = await startWorker(lab, pod, ["hold", target.ip, String(target.port)]).catch(async (error) => {
            await range(before);
            throw error;
          });
          return whileContainerLives(pod, async () => {
            await worker.stop();
            await range(before);
          });
        },
      };
    },
  },
);

function targetOf(lab: LabParts, text: string): { readonly ip: string; readonly port: number } {
  const [, name = text, port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
  const asked = port === undefined ? undefined : Number(port);
  const isPod = [...lab.store.pods].some(([key, pod]) => key === name || pod.name === name);
  if (isPod) {
    const pod: LabPod = findPod(lab.store, name);
    const tcp = lab.pods.planned(pod).serves.filter(({ protocol }) => protocol !== "udp");
    const found = tcp.find((one) => asked === undefined || one.port === asked);
    if (found === undefined) throw new NetcheckError("bad-config", `Pod ${name} serves no TCP port ${asked ?? ""}.`);
    return { ip: pod.ip, port: found.port };
  }
  const service = findService(lab.store, name);
  const found = service.ports.find((one) => asked === undefined || one.port === asked);
  if (found === undefined) throw new NetcheckError("bad-config", `Service ${name} has no port ${asked ?? ""}.`);
  return { ip: service.clusterIp, port: found.port };
}
