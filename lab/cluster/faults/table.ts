import { z } from "zod";
import { arpOff } from "./arp-off.ts";
import { backlog } from "./backlog.ts";
import { clock } from "./clock.ts";
import { conntrackFull } from "./conntrack-full.ts";
import { cpuLimit } from "./cpu-limit.ts";
import { nodeCrash, podCrash, podMove, podRestart } from "./crash.ts";
import { corrupt, duplicate } from "./damage.ts";
import { delay } from "./delay.ts";
import { deviceLoss } from "./device-loss.ts";
import { diskFull } from "./disk-full.ts";
import { dns } from "./dns.ts";
import { duplicateIp } from "./duplicate-ip.ts";
import type { FaultKind, FaultSpec } from "./fault.ts";
import { fdLimit } from "./fd-limit.ts";
import { firewall } from "./firewall.ts";
import { forwardingOff } from "./forwarding-off.ts";
import { halfTracked } from "./half-tracked.ts";
import { hostFile } from "./host-file.ts";
import { ipRangeExhausted } from "./ip-range-exhausted.ts";
import { linkDown, linkFlap, rate } from "./link.ts";
import { linkMode } from "./link-mode.ts";
import { loopbackListener, portClosed } from "./listener.ts";
import { loss } from "./loss.ts";
import { mtu } from "./mtu.ts";
import { networkPolicy } from "./network-policy.ts";
import { oom } from "./oom.ts";
import { podLink } from "./pod-link.ts";
import { portExhaustion } from "./port-exhaustion.ts";
import { proxyLag } from "./proxy-lag.ts";
import { qdiscDrops } from "./qdisc-drops.ts";
import { rangeOverlap } from "./range-overlap.ts";
import { idleCut, reset } from "./reset.ts";
import { reversePathFilter } from "./reverse-path-filter.ts";
import { routeBlackhole, routeLoop, routeMissing } from "./route.ts";
import { slowReceiver, slowServer } from "./server.ts";
import { hairpinOff, noEndpoints, selectorMismatch, staleEndpoint, wrongTargetPort } from "./service.ts";
import { serviceRulesMissing } from "./service-rules.ts";
import { sidecar } from "./sidecar.ts";
import { softirq } from "./softirq.ts";
import { fdbWrong, neighbourWrong, secondAddress } from "./tunnel.ts";
import { udpBuffer } from "./udp-buffer.ts";
import { wrongSnat } from "./wrong-snat.ts";

/** Every kind of fault that this lab can make. */
const faultKinds: readonly FaultKind[] = [
  delay,
  loss,
  deviceLoss,
  firewall,
  routeMissing,
  routeBlackhole,
  routeLoop,
  reversePathFilter,
  duplicateIp,
  portClosed,
  loopbackListener,
  nodeCrash,
  podCrash,
  duplicate,
  corrupt,
  linkDown,
  linkFlap,
  rate,
  linkMode,
  hostFile,
  clock,
  qdiscDrops,
  softirq,
  mtu,
  secondAddress,
  neighbourWrong,
  fdbWrong,
  forwardingOff,
  serviceRulesMissing,
  staleEndpoint,
  noEndpoints,
  selectorMismatch,
  wrongTargetPort,
  hairpinOff,
  networkPolicy,
  dns,
  slowServer,
  slowReceiver,
  reset,
  idleCut,
  backlog,
  conntrackFull,
  cpuLimit,
  oom,
  podMove,
  podRestart,
  portExhaustion,
  udpBuffer,
  fdLimit,
  diskFull,
  sidecar,
  podLink,
  arpOff,
  wrongSnat,
  rangeOverlap,
  halfTracked,
  proxyLag,
  ipRangeExhausted,
];

export const findKind = (name: string): FaultKind | undefined => faultKinds.find(({ kind }) => kind === name);

/** A fault of any kind. The value stays as it was written; each kind fills in its own defaults when it is applied. */
export const faultSchema = z.unknown().transform((value, context): FaultSpec => {
  const complain = (message: string, path: PropertyKey[] = []): never => {
    context.issues.push({ code: "custom", message, path, input: value });
    return z.NEVER;
  };
  if (typeof value !== "object" || value === null || !("kind" in value) || typeof value.kind !== "string")
    return complain("must be a mapping with a kind, such as { kind: loss, node: node-2, percent: 10 }");
  const kind = findKind(value.kind);
  if (kind === undefined) {
    return complain(`"${value.kind}" is no kind of fault; there are ${faultKinds.map((one) => one.kind).join(", ")}`, [
      "kind",
    ]);
  }
  const result = kind.schema.safeParse(value);
  if (result.success) return value as unknown as FaultSpec;
  for (const issue of result.error.issues) context.issues.push({ ...issue, input: value } as never);
  return z.NEVER;
});
