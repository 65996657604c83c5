import type { Probe } from "../core/probe.ts";
import { arpAnswers } from "./arp-answers.ts";
import { bgp } from "./bgp.ts";
import { bonds } from "./bonds.ts";
import { bpfPrograms } from "./bpf-programs.ts";
import { cgroups } from "./cgroups.ts";
import { clusterEvents } from "./cluster-events.ts";
import { connections } from "./connections.ts";
import { conntrack } from "./conntrack.ts";
import { counters } from "./counters.ts";
import { dataplaneMetrics } from "./dataplane-metrics.ts";
import { dns } from "./dns.ts";
import { echoArrivals } from "./echo-arrivals.ts";
import { flows } from "./flows.ts";
import { forwardingEntries } from "./forwarding-entries.ts";
import { http } from "./http.ts";
import { ipsec } from "./ipsec.ts";
import { kernel } from "./kernel.ts";
import { legacyTables } from "./legacy-tables.ts";
import { links } from "./links.ts";
import { listeners } from "./listeners.ts";
import { mtu } from "./mtu.ts";
import { neighbourTable } from "./neighbour-table.ts";
import { neighbours } from "./neighbours.ts";
import { networkAgents } from "./network-agents.ts";
import { nftRules } from "./nft-rules.ts";
import { nicHardware } from "./nic-hardware.ts";
import { nics } from "./nics.ts";
import { nodeLoad } from "./node-load.ts";
import { nodeState } from "./node-state.ts";
import { otherFamily } from "./other-family.ts";
import { packetFilter } from "./packet-filter.ts";
import { ping } from "./ping.ts";
import { podState } from "./pod-state.ts";
import { policies } from "./policies.ts";
import { proxyPods } from "./proxy-pods.ts";
import { qdiscs } from "./qdiscs.ts";
import { routes } from "./routes.ts";
import { routingRules } from "./routing-rules.ts";
import { serviceRules } from "./service-rules.ts";
import { serviceRulesIpvs } from "./service-rules-ipvs.ts";
import { serviceRulesNft } from "./service-rules-nft.ts";
import { serviceState } from "./service-state.ts";
import { sidecars } from "./sidecars.ts";
import { sockets } from "./sockets.ts";
import { sourcePorts } from "./source-ports.ts";
import { sysctls } from "./sysctls.ts";
import { tcp } from "./tcp.ts";
import { trace } from "./trace.ts";
import { wireguard } from "./wireguard.ts";

/** Every measurement. Taps come first: they must listen before the first packet leaves. */
export const probes: readonly Probe[] = [
  echoArrivals,
  ping,
  tcp,
  http,
  arpAnswers,
  connections,
  mtu,
  dns,
  sourcePorts,
  otherFamily,
  trace,
  links,
  nics,
  qdiscs,
  bonds,
  nicHardware,
  routes,
  routingRules,
  neighbours,
  neighbourTable,
  forwardingEntries,
  counters,
  listeners,
  packetFilter,
  nftRules,
  conntrack,
  flows,
  sysctls,
  cgroups,
  kernel,
  nodeLoad,
  sockets,
  serviceRules,
  serviceRulesNft,
  serviceRulesIpvs,
  bgp,
  wireguard,
  ipsec,
  dataplaneMetrics,
  bpfPrograms,
  legacyTables,
  podState,
  sidecars,
  nodeState,
  serviceState,
  proxyPods,
  networkAgents,
  policies,
  clusterEvents,
];
