import type { Rule } from "../core/rule.ts";
import { acceptQueueOverflow } from "./accept-queue-overflow.ts";
import { addressRangeOverlap } from "./address-range-overlap.ts";
import { bgpDown } from "./bgp-down.ts";
import { bondDegraded } from "./bond-degraded.ts";
import { bridgeDuplicates } from "./bridge-duplicates.ts";
import { captureLossLocated } from "./capture-loss-located.ts";
import { clockUnsynchronised } from "./clock-unsynchronised.ts";
import { cloudAllowanceExceeded } from "./cloud-allowance-exceeded.ts";
import { cniAgentUnhealthy } from "./cni-agent-unhealthy.ts";
import { competingBpf } from "./competing-bpf.ts";
import { conntrackFull } from "./conntrack-full.ts";
import { conntrackInvalid } from "./conntrack-invalid.ts";
import { conntrackStaleUdp } from "./conntrack-stale-udp.ts";
import { cpuThrottled } from "./cpu-throttled.ts";
import { diskFull } from "./disk-full.ts";
import { dnsCrashLoop } from "./dns-crash-loop.ts";
import { dnsDown } from "./dns-down.ts";
import { dnsOverloaded } from "./dns-overloaded.ts";
import { dnsPathLoss } from "./dns-path-loss.ts";
import { dnsPolicyDeny } from "./dns-policy-deny.ts";
import { dnsStaleAnswer } from "./dns-stale-answer.ts";
import { dnsTcpBlocked } from "./dns-tcp-blocked.ts";
import { dnsUpstreamFailing } from "./dns-upstream-failing.ts";
import { dnsWrongResolver } from "./dns-wrong-resolver.ts";
import { driverSkew } from "./driver-skew.ts";
import { duplicateIp } from "./duplicate-ip.ts";
import { ebpfMapFull } from "./ebpf-map-full.ts";
import { fdLimit } from "./fd-limit.ts";
import { firewallDrop } from "./firewall-drop.ts";
import { forwardingDisabled } from "./forwarding-disabled.ts";
import { fragNeededLost } from "./frag-needed-lost.ts";
import { hairpinBroken } from "./hairpin-broken.ts";
import { highLatency } from "./high-latency.ts";
import { httpError } from "./http-error.ts";
import { idleTimeout } from "./idle-timeout.ts";
import { ipFamilyBroken } from "./ip-family-broken.ts";
import { ipRangeExhausted } from "./ip-range-exhausted.ts";
import { ipamLeak } from "./ipam-leak.ts";
import { ipvsBackendMissing } from "./ipvs-backend-missing.ts";
import { ipvsReuseDelay } from "./ipvs-reuse-delay.ts";
import { kernelCrash } from "./kernel-crash.ts";
import { kernelLockup } from "./kernel-lockup.ts";
import { kubeProxyDown } from "./kube-proxy-down.ts";
import { linkCrcErrors } from "./link-crc-errors.ts";
import { linkDelay } from "./link-delay.ts";
import { linkFlapping } from "./link-flapping.ts";
import { linkHalfDuplex } from "./link-half-duplex.ts";
import { linkRateLimited } from "./link-rate-limited.ts";
import { linkSlow } from "./link-slow.ts";
import { localPolicyNoEndpoint } from "./local-policy-no-endpoint.ts";
import { loopbackOnlyListener } from "./loopback-only-listener.ts";
import { memoryAllocationFailing } from "./memory-allocation-failing.ts";
import { mixedIptablesBackends } from "./mixed-iptables-backends.ts";
import { mtuBlackHole } from "./mtu-black-hole.ts";
import { mtuMismatch } from "./mtu-mismatch.ts";
import { mtuOverlayTooLarge } from "./mtu-overlay-too-large.ts";
import { neighbourTableFull } from "./neighbour-table-full.ts";
import { neighbourUnresolved } from "./neighbour-unresolved.ts";
import { netnsLeak } from "./netns-leak.ts";
import { networkPolicyDeny } from "./network-policy-deny.ts";
import { nicPeriodicDelay } from "./nic-periodic-delay.ts";
import { nicReset } from "./nic-reset.ts";
import { nicRingOverflow } from "./nic-ring-overflow.ts";
import { noEndpoints } from "./no-endpoints.ts";
import { nodeCpuPressure } from "./node-cpu-pressure.ts";
import { nodeDown } from "./node-down.ts";
import { nodeSecondAddress } from "./node-second-address.ts";
import { oomStall } from "./oom-stall.ts";
import { opticsDegraded } from "./optics-degraded.ts";
import { pathLoss } from "./path-loss.ts";
import { pathMemberLoss } from "./path-member-loss.ts";
import { pauseStorm } from "./pause-storm.ts";
import { pcieDegraded } from "./pcie-degraded.ts";
import { podLinkBroken } from "./pod-link-broken.ts";
import { portClosed } from "./port-closed.ts";
import { portExhaustion } from "./port-exhaustion.ts";
import { portFiltered } from "./port-filtered.ts";
import { qdiscDrops } from "./qdisc-drops.ts";
import { resetByMiddle } from "./reset-by-middle.ts";
import { resetByPeer } from "./reset-by-peer.ts";
import { reversePathFilter } from "./reverse-path-filter.ts";
import { routeMissing } from "./route-missing.ts";
import { selectorMismatch } from "./selector-mismatch.ts";
import { serverSlow } from "./server-slow.ts";
import { serviceProgrammingLag } from "./service-programming-lag.ts";
import { serviceRulesMissing } from "./service-rules-missing.ts";
import { sidecarNotReady } from "./sidecar-not-ready.ts";
import { sidecarStarved } from "./sidecar-starved.ts";
import { singleCpuSoftirq } from "./single-cpu-softirq.ts";
import { slowReceiver } from "./slow-receiver.ts";
import { softnetDrops } from "./softnet-drops.ts";
import { staleEndpoint } from "./stale-endpoint.ts";
import { switchPortMisconfigured } from "./switch-port-misconfigured.ts";
import { sysctlDrift } from "./sysctl-drift.ts";
import { targetNotRunning } from "./target-not-running.ts";
import { taskHung } from "./task-hung.ts";
import { tcpMemoryPressure } from "./tcp-memory-pressure.ts";
import { tunnelBlocked } from "./tunnel-blocked.ts";
import { tunnelChecksum } from "./tunnel-checksum.ts";
import { tunnelEncryptionFailing } from "./tunnel-encryption-failing.ts";
import { tunnelEntryWrong } from "./tunnel-entry-wrong.ts";
import { udpBufferOverflow } from "./udp-buffer-overflow.ts";
import { underlayDrop } from "./underlay-drop.ts";
import { unevenBalancing } from "./uneven-balancing.ts";
import { vmStalled } from "./vm-stalled.ts";
import { wrongSnat } from "./wrong-snat.ts";
import { wrongTargetPort } from "./wrong-target-port.ts";

/** Every suspected cause, the deepest first: what comes later may be a symptom of what comes before it. */
export const rules: readonly Rule[] = [
  vmStalled,
  kernelCrash,
  nodeDown,
  ipRangeExhausted,
  diskFull,
  netnsLeak,
  targetNotRunning,
  localPolicyNoEndpoint,
  mixedIptablesBackends,
  kubeProxyDown,
  ipvsBackendMissing,
  serviceRulesMissing,
  noEndpoints,
  selectorMismatch,
  wrongTargetPort,
  loopbackOnlyListener,
  serviceProgrammingLag,
  staleEndpoint,
  hairpinBroken,
  conntrackStaleUdp,
  cniAgentUnhealthy,
  podLinkBroken,
  nodeSecondAddress,
  ipamLeak,
  switchPortMisconfigured,
  duplicateIp,
  forwardingDisabled,
  reversePathFilter,
  addressRangeOverlap,
  bgpDown,
  routeMissing,
  tunnelEntryWrong,
  tunnelEncryptionFailing,
  wrongSnat,
  competingBpf,
  networkPolicyDeny,
  dnsPolicyDeny,
  firewallDrop,
  conntrackFull,
  ebpfMapFull,
  neighbourTableFull,
  conntrackInvalid,
  portExhaustion,
  clockUnsynchronised,
  taskHung,
  fdLimit,
  tcpMemoryPressure,
  singleCpuSoftirq,
  nodeCpuPressure,
  acceptQueueOverflow,
  oomStall,
  kernelLockup,
  memoryAllocationFailing,
  sidecarStarved,
  cpuThrottled,
  udpBufferOverflow,
  sidecarNotReady,
  tunnelBlocked,
  underlayDrop,
  cloudAllowanceExceeded,
  pcieDegraded,
  nicReset,
  pauseStorm,
  linkHalfDuplex,
  linkSlow,
  linkFlapping,
  bondDegraded,
  opticsDegraded,
  linkCrcErrors,
  tunnelChecksum,
  softnetDrops,
  nicRingOverflow,
  neighbourUnresolved,
  mtuOverlayTooLarge,
  mtuMismatch,
  fragNeededLost,
  mtuBlackHole,
  portClosed,
  portFiltered,
  qdiscDrops,
  linkRateLimited,
  pathMemberLoss,
  idleTimeout,
  ipvsReuseDelay,
  captureLossLocated,
  dnsWrongResolver,
  dnsCrashLoop,
  dnsDown,
  dnsStaleAnswer,
  dnsOverloaded,
  dnsPathLoss,
  dnsUpstreamFailing,
  dnsTcpBlocked,
  unevenBalancing,
  bridgeDuplicates,
  slowReceiver,
  serverSlow,
  resetByPeer,
  resetByMiddle,
  httpError,
  driverSkew,
  sysctlDrift,
  nicPeriodicDelay,
  linkDelay,
  ipFamilyBroken,
  pathLoss,
  highLatency,
];
