import { expect, test } from "vitest";
import { placeText } from "#src/core/place.ts";
import { planTaps } from "#src/core/plan-taps.ts";
import { reportSchema } from "#src/core/report.ts";
import { everyNth, loses, play, type Scene, through, toPort } from "../../core/simulate.ts";
import { transcript } from "../transcript.ts";
import { type Fixture, fixture, sceneOf } from "./fixture.ts";

const said = (scene: Scene): readonly string[] => (play(scene).report.dataPlanes ?? []).map(({ text }) => text);
const lineOf = (given: Fixture, change?: (text: string) => string): string => said(sceneOf(given, change)).join("\n");

test.each([
  ["flannel-vxlan", "flannel, VXLAN, veth in a bridge, kube-proxy with iptables, IPv4"],
  ["flannel-host-gw", "flannel, routes of the nodes, veth in a bridge, kube-proxy with iptables, IPv4"],
  ["calico-vxlan", "Calico, VXLAN, routed veth, kube-proxy with IPVS, NodeLocal DNS, IPv4"],
  ["calico-ipip", "Calico, IPIP, routed veth, kube-proxy with nft, NodeLocal DNS, IPv4"],
  ["calico-bgp", "Calico, routes by BGP, encrypted with WireGuard, routed veth, kube-proxy with iptables, IPv4"],
  ["calico-ebpf", "Calico, VXLAN, routed veth, Services by eBPF, IPv4"],
  ["cilium-vxlan", "Cilium, VXLAN, routed veth, kube-proxy with iptables, IPv4"],
  ["cilium-netkit", "Cilium, routes of the nodes, netkit, Services by eBPF, IPv4 and IPv6"],
  [
    "aws-vpc-cni",
    "AWS VPC CNI, routes of the cloud, routed veth, kube-proxy with iptables, IPv4, 2 NICs (ens5 and ens6)",
  ],
  ["gke-dataplane-v2", "GKE Dataplane V2, routes of the cloud, routed veth, Services by eBPF, IPv4"],
  ["kindnet", "kindnet, routes of the nodes, routed veth, kube-proxy with iptables, IPv4"],
])("%s is recognised, and makes nobody a suspect", (name, line) => {
  const { report } = play(sceneOf(fixture(name)));
  expect(report.dataPlanes?.map(({ text }) => text)).toEqual([`ulm and graz: ${line}`]);
  expect(report.causes).toEqual([]);
  expect(report.status).toBe("healthy");
  expect(reportSchema.parse(JSON.parse(JSON.stringify(report))).dataPlanes).toEqual(report.dataPlanes);
});

const planes = [
  "flannel-vxlan",
  "flannel-host-gw",
  "calico-vxlan",
  "calico-ipip",
  "calico-bgp",
  "calico-ebpf",
  "cilium-vxlan",
  "cilium-netkit",
  "aws-vpc-cni",
  "gke-dataplane-v2",
  "kindnet",
];
test.each<{ name: string; scene: Scene }>([
  { name: "lost packets", scene: { faults: [loses(0.3, through("graz"))] } },
  { name: "a dead node", scene: { faults: [loses(1, through("graz"))] } },
  { name: "a filtered port", scene: { faults: [loses(1, toPort("shop/api-1", 7000))] } },
  { name: "late packets", scene: { faults: [everyNth("graz", 4, [200, 400])] } },
])("$name are called the same on every data plane", ({ scene }) => {
  const named = (of: Scene) => play(of).report.causes.map(({ cause, where }) => `${cause} ${placeText(where)}`);
  const plain = named(scene);
  expect(plain).toHaveLength(1);
  for (const plane of planes) expect(named({ ...sceneOf(fixture(plane)), ...scene }), plane).toEqual(plain);
});

test.each([
  ["flannel-vxlan", "tunnel-blocked"],
  ["flannel-host-gw", "path-loss"],
  ["calico-ipip", "tunnel-blocked"],
  ["calico-bgp", "path-loss"],
  ["cilium-vxlan", "tunnel-blocked"],
  ["cilium-netkit", "path-loss"],
  ["aws-vpc-cni", "path-loss"],
])("%s: pods that are cut off from other nodes, while their nodes reach each other, are a %s", (name, cause) => {
  const faults = [loses(1, (packet) => through("graz")(packet) && packet.leg.scope === "overlay")];
  const { causes } = play({ ...sceneOf(fixture(name)), faults }).report;
  expect(causes.map((one) => `${one.cause} ${placeText(one.where)}`)).toEqual([`${cause} graz`]);
});

test.each([
  ["flannel-vxlan", "eth0 veth9ca90bab cni0 flannel.1 ens5"],
  ["flannel-host-gw", "eth0 veth9ca90bab cni0 ens5"],
  ["calico-vxlan", "eth0 cali12d4a061371 vxlan.calico ens5"],
  ["calico-ipip", "eth0 cali12d4a061371 tunl0 ens5"],
  ["calico-bgp", "eth0 cali12d4a061371 ens5"],
  ["calico-ebpf", "eth0 cali12d4a061371 vxlan.calico ens5"],
  ["cilium-vxlan", "eth0 lxc4a891387ff1a cilium_vxlan ens5"],
  ["cilium-netkit", "eth0 lxc4a891387ff1a ens5"],
  ["aws-vpc-cni", "eth0 enieb5ea8b4376 ens5"],
  ["gke-dataplane-v2", "eth0 gke7d1c0f2e9ab eth0"],
  ["kindnet", "eth0 veth3f1a7c22 eth0"],
])("%s: packets can be recorded at every device of their way", (name, devices) => {
  const { plan, evidence } = play(sceneOf(fixture(name)));
  const planned = planTaps(plan, evidence, { wish: { full: false }, unreachable: new Set() });
  const taps = (planned?.taps ?? []).map(({ device }) => device);
  expect(taps.slice(0, taps.length / 2).join(" ")).toBe(devices);
  expect(
    taps
      .slice(taps.length / 2)
      .toReversed()
      .join(" "),
  ).toBe(devices);
  expect(planned?.gaps).toEqual([]);
});

/** Without one place or reading, as if its tool were missing. */
const without = ({ sections, pods }: Fixture, ...readings: readonly string[]): Fixture => ({
  sections: { ...sections, ...Object.fromEntries(readings.map((reading) => [reading, "not found"])) },
  pods,
});
const withPods = ({ sections }: Fixture, ...pods: Fixture["pods"]): Fixture => ({ sections, pods });
const agent = (network: string): Fixture["pods"][number] => ({
  name: `kube-system/${network}`,
  label: ["k8s-app", network],
});
const reading = (of: Fixture, ...readings: readonly string[]): Fixture["sections"] =>
  Object.fromEntries(readings.map((one) => [one, of.sections[one] ?? ""]));
const flannel = fixture("flannel-vxlan");
const hostGw = fixture("flannel-host-gw");
const calico = fixture("calico-ipip");
const bgp = fixture("calico-bgp");
const ebpf = fixture("calico-ebpf");
const cilium = fixture("cilium-vxlan");
const netkit = fixture("cilium-netkit");
const aws = fixture("aws-vpc-cni");
const gke = fixture("gke-dataplane-v2");
const kindnet = fixture("kindnet");

test.each<{ name: string; given: Fixture; change?: (text: string) => string; line: string | RegExp }>([
  {
    name: "nothing of the nodes could be read: nothing is said",
    given: withPods({
      ...without(flannel, "node/links", "node/routes", "node/service-rules", "pod/links"),
    }),
    line: /^$/,
  },
  {
    name: "its agent's label does when nothing else has a name",
    given: without(kindnet, "node/service-rules"),
    line: /^ulm and graz: kindnet, routes of the nodes, routed veth, Services not recognised/,
  },
  {
    name: "neither agent nor chains: cables and routes are still known",
    given: withPods(without(hostGw, "node/service-rules")),
    line: /: pod network not recognised, routes of the nodes, veth in a bridge, Services not recognised/,
  },
  {
    name: "routes were not read",
    given: without(calico, "node/routes"),
    line: /: Calico, routed veth, kube-proxy with nft/,
  },
  {
    name: "devices were not read: a tunnel's kind is not known either",
    given: without(calico, "node/links", "pod/links"),
    line: /: Calico, way between nodes not recognised, kube-proxy with nft, IPv4$/,
  },
  {
    name: "cables are named like Calico's, and nothing else is of Calico",
    given: withPods(without(bgp, "node/service-rules"), agent("kube-proxy")),
    change: (text) => text.replaceAll("wireguard.cali", "wg0"),
    line: /: pod network not recognised, routes by BGP, routed veth,/,
  },
  {
    name: "somebody's own WireGuard is not the pod network's",
    given: bgp,
    change: (text) => text.replaceAll("wireguard.cali", "wg0"),
    line: /: Calico, routes by BGP, routed veth,/,
  },
  {
    name: "the way leads through flannel and the policies are Calico's",
    given: {
      sections: {
        ...flannel.sections,
        "node/links": (calico.sections["node/links"] ?? "").replace(
          '{"ifindex":4,"ifname":"tunl0"',
          `${/\{"ifindex":4.*\},\n/.exec(flannel.sections["node/links"] ?? "")?.[0]}{"ifindex":9,"ifname":"tunl0"`,
        ),
        "node/service-rules": `${flannel.sections["node/service-rules"]}`.replace(
          ":FLANNEL",
          ":cali-POSTROUTING - [0:0]\n:FLANNEL",
        ),
      },
      pods: [{ name: "kube-system/canal", label: ["k8s-app", "canal"] }],
    },
    line: /: Canal, VXLAN, routed veth, kube-proxy with iptables/,
  },
  {
    name: "chains of flannel are left over beside Calico",
    given: calico,
    change: (text) => text.replace(":cali-OUTPUT", ":FLANNEL-POSTRTG - [0:0]\n:cali-OUTPUT"),
    line: /: Calico, IPIP/,
  },
  {
    name: "the agent is another network's than what packets go through",
    given: withPods(flannel, agent("cilium")),
    line: /: pod network not recognised \(signs of flannel and Cilium\), VXLAN, veth in a bridge/,
  },
  {
    name: "half of the nodes' devices are another network's: cables of Calico, a way through Cilium",
    given: {
      sections: {
        ...calico.sections,
        "node/routes": (calico.sections["node/routes"] ?? "").replaceAll(
          '"gateway":"172.20.7.21","dev":"tunl0"',
          '"gateway":"10.42.0.112","dev":"cilium_host"',
        ),
      },
      pods: calico.pods,
    },
    line: /: pod network not recognised \(signs of Calico and Cilium\), way between nodes not recognised/,
  },
  {
    name: "Cilium is chained behind the cloud's network",
    given: {
      sections: {
        ...aws.sections,
        "node/bpf-programs": (cilium.sections["node/bpf-programs"] ?? "").replaceAll(
          "lxc4a891387ff1a",
          "enieb5ea8b4376",
        ),
      },
      pods: [...aws.pods, agent("cilium")],
    },
    line: /: AWS VPC CNI and Cilium, routes of the cloud, routed veth, kube-proxy with iptables/,
  },
  {
    name: "kube-proxy left rules of two modes",
    given: { sections: { ...flannel.sections, ...reading(calico, "node/service-rules-nft") }, pods: flannel.pods },
    line: /: flannel, VXLAN, veth in a bridge, Services not recognised/,
  },
  {
    name: "rules of kube-proxy are there beside eBPF, and it does not run",
    given: withPods(cilium, agent("cilium")),
    line: /: Cilium, VXLAN, routed veth, Services not recognised/,
  },
  {
    name: "the NAT table is so long that it was cut before its Services",
    given: flannel,
    change: (text) => (text.startsWith("*nat") ? text.slice(0, text.indexOf("-A KUBE-SERVICES")) : text),
    line: /: flannel, VXLAN, veth in a bridge, kube-proxy with iptables/,
  },
  {
    name: "nobody does Services by what was read",
    given: {
      sections: { ...flannel.sections, "node/service-rules": "*nat\n:FLANNEL-POSTRTG - [0:0]\nCOMMIT\n" },
      pods: [],
    },
    line: /: flannel, VXLAN, veth in a bridge, no Service rules in the packet filter/,
  },
  {
    name: "programs could not be listed: Cilium is known by its devices and agents",
    given: without(netkit, "node/bpf-programs"),
    line: /: Cilium, routes of the nodes, netkit, Services by eBPF/,
  },
  {
    name: "programs could not be listed: Google's is known by chains and agents",
    given: without(gke, "node/bpf-programs"),
    line: /: GKE Dataplane V2, routes of the cloud, routed veth, Services by eBPF/,
  },
  {
    name: "the eBPF programs of Calico could not be listed: its device tells",
    given: without(ebpf, "node/bpf-programs"),
    line: /: Calico, VXLAN, routed veth, Services by eBPF/,
  },
  {
    name: "the route to the other pods is missing: the default route says nothing",
    given: hostGw,
    change: (text) =>
      text.replaceAll(/\{"dst":"10\.42\.[12]\.0\/24","gateway".*\n?/g, '{"dst":"203.0.113.0/24","dev":"ens5"}]'),
    line: /: flannel, way between nodes not recognised/,
  },
  {
    name: "one way leads through the tunnel and one does not (CrossSubnet)",
    given: calico,
    change: (text) => text.replaceAll('"gateway":"172.20.7.22","dev":"tunl0"', '"gateway":"172.20.7.22","dev":"ens5"'),
    line: /: Calico, (IPIP and routes by BGP|routes by BGP and IPIP), routed veth/,
  },
  {
    name: "the DNS cache has its address and does not listen",
    given: calico,
    change: (text) => text.replace(/LISTEN.*169\.254\.20\.10:53.*\n/, "").replace(/LISTEN.*10\.96\.0\.10:53.*\n/, ""),
    line: /, NodeLocal DNS without a listener, IPv4$/,
  },
  {
    name: "Cilium encrypts with IPsec",
    given: cilium,
    change: (text) =>
      text.replace(
        '{"priority": 9,',
        '{"priority":1,"src":"all","fwmark":"0xd00","fwmask":"0xf00","table":"200"},{"priority": 9,',
      ),
    line: /: Cilium, VXLAN, encrypted with IPsec, routed veth/,
  },
])("$name", ({ given, change, line }) => {
  expect(lineOf(given, change)).toMatch(line);
});

test("what was recorded on a node of the lab is recognised", () => {
  const world = {
    nodes: [
      { name: "ulm", ip: "172.30.109.84" },
      { name: "graz", ip: "172.30.109.85" },
    ],
    pods: [
      { name: "shop/api-0", node: "ulm", ip: "10.157.183.3", port: 7000 },
      { name: "shop/api-1", node: "graz", ip: "10.157.182.3", port: 7000 },
    ],
  };
  const recorded: Readonly<Record<string, string>> = {
    links: transcript("ip-link.json"),
    addresses: transcript("ip-addr.json"),
    routes: transcript("ip-route.json"),
  };
  const facts: Scene["facts"] = (at, probe) => (at.id === "node/ulm" ? recorded[probe] : undefined);
  expect(said({ world, facts })).toContain("ulm: flannel, VXLAN, veth in a bridge, Services not recognised, IPv4");
});

test("nodes that differ have a line each", () => {
  const { sections, pods } = calico;
  const scene = sceneOf({ sections, pods }, (text, { node }) =>
    node === "graz" ? text.replaceAll('"dev":"tunl0"', '"dev":"ens5"') : text,
  );
  expect(said(scene)).toEqual([
    expect.stringMatching(/^ulm: Calico, IPIP, /),
    expect.stringMatching(/^graz: Calico, routes by BGP, /),
  ]);
});

test("a cluster that was read in parts, wherever it was cut, is recognised as what it is or not at all", () => {
  for (const given of [flannel, calico, cilium, aws]) {
    const whole = lineOf(given).replace("ulm and graz: ", "").split(", ");
    for (const missing of Object.keys(given.sections)) {
      const parts = lineOf(without(given, missing))
        .replace(/^.*?: /, "")
        .split(", ");
      for (const part of parts)
        expect([...whole, "nothing else"]).toContain(/not recognised/.test(part) ? "nothing else" : part);
    }
  }
});
