import { Crowd } from "#lab/cluster/api/crowd.ts";
import { uidFor } from "#lab/cluster/api/object-parts.ts";
import type { KubeObject } from "#lab/cluster/api/resource.ts";
import type { Crowds } from "#lab/cluster/api/store.ts";
import { type TestApi, testApi } from "./lab-api.ts";

const BORN = "2026-01-05T08:00:00Z";
const NAMESPACES = 200;
/** Pods of one workload. */
const REPLICAS = 25;
const IMAGE = `registry.example.com/platform/service@sha256:${"4f".repeat(32)}`;

type PodSketch = KubeObject & {
  readonly spec: { readonly nodeName: string; readonly hostNetwork?: boolean };
  readonly status: { readonly phase: string; readonly podIP: string };
};

type Size = { readonly nodes: number; readonly pods: number };

/** The API stand-in with a large cluster around the small one of `memoryLab`, whose nodes 1 to 4 have agents. */
export async function bigCluster(size: Size): Promise<TestApi> {
  const api = await testApi({}, { crowds: crowdsOf(size) });
  const { lab } = api;
  for (const name of ["node-3", "node-4"]) {
    const { ip } = lab.node(name);
    const owner = { kind: "DaemonSet", name: "netcheck-agent" };
    lab.pod(`netcheck/netcheck-agent-${name}`, { node: name, ip, hostNetwork: true, labels: AGENT, owner });
    lab.pod(`shop/control-on-${name}`, { node: name });
  }
  for (const pod of lab.model.pods.values()) if (pod.namespace === "netcheck") lab.change(pod, { labels: AGENT });
  return api;
}

const AGENT = { "app.kubernetes.io/name": "netcheck-agent" };

/**
 * Nodes `big-00000` and on, each with kube-proxy, an agent of the pod network and one of netcheck; ten name servers; the other
 * pods in workloads of 25 over 200 namespaces `team-000` and on, each with its Deployment, Service and EndpointSlice. A pod is 4
 * to 5 kB of JSON, a node 7 kB. `cache-0` is in two namespaces; some names have every character that is legal, and as many as are.
 */
function crowdsOf({ nodes, pods }: Size): Crowds {
  const nodeNames = Array.from({ length: nodes }, (_, index) => `big-${digits(index, 5)}`);
  const workloads = Array.from({ length: Math.ceil((pods - 3 * nodes) / REPLICAS) }, (_, index) => workloadOf(index));
  const servers = nodeNames.slice(0, 10).map((name, index) => nameServer(name, index));
  const sketches = [
    ...nodeNames.flatMap((name, index) => daemons(name, hostIp(index))),
    ...servers,
    ...workloads.flatMap(({ namespace, name, labels }, workload) =>
      Array.from({ length: REPLICAS }, (_, replica): PodSketch => {
        const number = workload * REPLICAS + replica;
        const metadata = { name: podName(name, number), namespace, uid: "", creationTimestamp: BORN, labels };
        return podSketch(metadata, { nodeName: nodeNames[number % nodes] ?? "", podIP: podIp(number) });
      }),
    ),
  ].slice(0, pods);
  const behind = Map.groupBy(sketches, ({ metadata }) => `${metadata.namespace}/${metadata.labels?.["app"]}`);
  behind.set("kube-system/kube-dns", servers);
  const services = [
    service("kube-system", "kube-dns", { clusterIP: "10.96.0.53", selector: DNS, ports: DNS_PORTS }),
    ...workloads.map(({ namespace, name }, index) => {
      const clusterIP = `10.97.${index >> 8}.${index & 255}`;
      return service(namespace, name, { clusterIP, selector: { app: name }, ports: [HTTP] });
    }),
  ];
  const slices = services.map(({ metadata }) => sliceSketch(metadata.namespace ?? "", metadata.name));
  const namespaces = Array.from({ length: NAMESPACES }, (_, index) => `team-${digits(index, 3)}`);
  const same = (object: KubeObject) => object;
  return {
    pods: new Crowd(sketches, {
      fields: ["spec.nodeName", "status.podIP"],
      whole: (sketch) => wholePod(sketch as PodSketch),
    }),
    nodes: new Crowd(nodeNames.map(node), { whole: wholeNode }),
    leases: new Crowd(nodeNames.map(lease), { whole: wholeLease }),
    deployments: new Crowd(workloads.map(deployment), { whole: same }),
    services: new Crowd(services, { fields: ["spec.clusterIP"], whole: same }),
    endpointslices: new Crowd(slices, {
      whole: (sketch) => {
        const name = sketch.metadata.labels?.["kubernetes.io/service-name"];
        const place = `${sketch.metadata.namespace}/${name}`;
        const ports = place === "kube-system/kube-dns" ? DNS_PORTS : [HTTP];
        return { ...sketch, ...endpoints(behind.get(place) ?? [], ports) };
      },
    }),
    namespaces: new Crowd(namespaces.map(namespace), { whole: same }),
  };
}

const DNS = { "k8s-app": "kube-dns" };
const HTTP = { name: "http", port: 80, targetPort: 8080, protocol: "TCP" };
const DNS_PORTS = [
  { name: "dns", port: 53, targetPort: 53, protocol: "UDP" },
  { name: "dns-tcp", port: 53, targetPort: 53, protocol: "TCP" },
];

function nameServer(nodeName: string, index: number): PodSketch {
  const name = `coredns-7d4b9c6f5-${digits(index, 5)}`;
  const metadata = { name, namespace: "kube-system", uid: "", creationTimestamp: BORN, labels: DNS };
  return podSketch(metadata, { nodeName, podIP: `10.63.0.${index + 1}` });
}

const digits = (number: number, length: number): string => number.toString().padStart(length, "0");
const hostIp = (index: number): string => `172.${16 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
const podIp = (index: number): string => `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;

/** Names are as long as those of real workloads, and a few as odd as the API allows. */
const ODD: readonly string[] = ["0", "a.b-c.9", "x--y.0.z", "9".repeat(253), `${"long-name.".repeat(25)}abc`];

function podName(workload: string, number: number): string {
  // The same name in two namespaces.
  if (number === 40 || number === 2_040) return "cache-0";
  return ODD[number - 100] ?? `${workload}-7d4b9c6f5-${number.toString(36).padStart(5, "x")}`;
}

function workloadOf(index: number) {
  const name = `payments-${["api", "worker", "cache", "gateway"][index % 4]}-${digits(index, 4)}`;
  const labels = { app: name, "app.kubernetes.io/part-of": "payments", "pod-template-hash": "7d4b9c6f5" };
  return { namespace: `team-${digits(index % NAMESPACES, 3)}`, name, labels };
}

function podSketch(
  metadata: KubeObject["metadata"],
  { nodeName, podIP, hostNetwork }: { nodeName: string; podIP: string; hostNetwork?: boolean },
): PodSketch {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { nodeName, ...(hostNetwork && { hostNetwork }) },
    status: { phase: "Running", podIP },
  };
}

/** What runs on every node. Agents of a model with few nodes come before these in lists. */
function daemons(nodeName: string, podIP: string): PodSketch[] {
  const number = nodeName.slice(-5);
  const made = (namespace: string, name: string, labels: Readonly<Record<string, string>>): PodSketch =>
    podSketch(
      { name: `${name}-z${number}`, namespace, uid: "", creationTimestamp: BORN, labels },
      { nodeName, podIP, hostNetwork: true },
    );
  return [
    made("kube-system", "calico-node", { "k8s-app": "calico-node" }),
    made("kube-system", "kube-proxy", { "k8s-app": "kube-proxy" }),
    made("netcheck", "netcheck-agent", { "app.kubernetes.io/name": "netcheck-agent" }),
  ];
}

/** What the API server notes of who set which field: about a third of what a pod takes. */
const managedFields = ["kube-controller-manager", "kubelet"].map((manager) => ({
  manager,
  operation: "Update",
  apiVersion: "v1",
  time: BORN,
  fieldsType: "FieldsV1",
  fieldsV1: Object.fromEntries(
    ["metadata", "labels", "spec", "containers", "env", "resources", "volumeMounts", "status", "conditions"].map(
      (part) => [`f:${part}`, { ".": {}, [`k:{"name":"${manager}"}`]: { ".": {}, "f:name": {}, "f:value": {} } }],
    ),
  ),
}));

const env = Array.from({ length: 12 }, (_, index) => ({
  name: `SETTING_${index}`,
  value: `https://config.example.com/${index}`,
}));
const conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(
  (type) => ({ type, status: "True", lastProbeTime: null, lastTransitionTime: BORN }),
);

function wholePod({ metadata, spec, status }: PodSketch): KubeObject {
  const uid = uidFor(`Pod/${metadata.namespace}/${metadata.name}`);
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: `${metadata.labels?.["app"] ?? "agent"}-7d4b9c6f5` };
  const container = {
    name: "main",
    image: IMAGE,
    ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
    env,
    resources: { limits: { cpu: "500m", memory: "512Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
    volumeMounts: [
      { name: "kube-api-access", readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
    ],
    livenessProbe: { httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" }, periodSeconds: 10 },
    readinessProbe: { httpGet: { path: "/ready", port: 8080, scheme: "HTTP" }, periodSeconds: 5 },
    terminationMessagePath: "/dev/termination-log",
    imagePullPolicy: "IfNotPresent",
  };
  const made = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata,
      uid,
      generateName: `${owner.name}-`,
      annotations: { "prometheus.io/scrape": "true", "kubectl.kubernetes.io/restartedAt": BORN },
      ownerReferences: [{ ...owner, uid: uidFor(owner.name), controller: true, blockOwnerDeletion: true }],
      managedFields,
    },
    spec: {
      ...spec,
      containers: [container],
      volumes: [{ name: "kube-api-access", projected: { defaultMode: 420, sources: [] } }],
      tolerations: ["not-ready", "unreachable"].map((what) => ({
        key: `node.kubernetes.io/${what}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      })),
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      schedulerName: "default-scheduler",
      terminationGracePeriodSeconds: 30,
    },
    status: {
      ...status,
      podIPs: [{ ip: status.podIP }],
      conditions,
      startTime: BORN,
      containerStatuses: [
        {
          name: "main",
          state: { running: { startedAt: BORN } },
          lastState: {},
          ready: true,
          started: true,
          restartCount: 0,
          image: IMAGE,
          imageID: IMAGE,
          containerID: `containerd://${uid.replaceAll("-", "").repeat(2)}`,
        },
      ],
      qosClass: "Burstable",
    },
  };
  return made;
}

const named = (kind: string, name: string, namespace?: string, labels?: Readonly<Record<string, string>>) => ({
  name,
  ...(namespace !== undefined && { namespace }),
  uid: uidFor(`${kind}/${namespace ?? ""}/${name}`),
  creationTimestamp: BORN,
  ...(labels && { labels }),
});

const node = (name: string): KubeObject => ({ apiVersion: "v1", kind: "Node", metadata: named("Node", name) });
const namespace = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: named("Namespace", name, undefined, { "kubernetes.io/metadata.name": name }),
});

/** Most of a node is the list of its images. */
function wholeNode({ metadata }: KubeObject): KubeObject {
  const number = Number(metadata.name.slice(-5));
  const made = {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      ...metadata,
      labels: { "kubernetes.io/hostname": metadata.name, "topology.kubernetes.io/zone": `zone-${number % 3}` },
      managedFields,
    },
    spec: { podCIDR: `10.${64 + (number >> 8)}.${number & 255}.0/24` },
    status: {
      addresses: [
        { type: "InternalIP", address: hostIp(number) },
        { type: "Hostname", address: metadata.name },
      ],
      conditions: ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map((type) => ({
        type,
        status: type === "Ready" ? "True" : "False",
        reason: "KubeletReady",
        message: "kubelet is posting ready status",
        lastHeartbeatTime: BORN,
        lastTransitionTime: BORN,
      })),
      nodeInfo: { bootID: metadata.uid, kernelVersion: "6.1.0", osImage: "Debian GNU/Linux 12 (bookworm)" },
      images: Array.from({ length: 25 }, (_, index) => ({
        names: [IMAGE, `${IMAGE}-${index}`],
        sizeBytes: 90_000_000,
      })),
    },
  };
  return made;
}

const lease = (name: string): KubeObject => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: named("Lease", name, "kube-node-lease"),
});

function wholeLease(sketch: KubeObject): KubeObject {
  const spec = { holderIdentity: sketch.metadata.name, leaseDurationSeconds: 40, renewTime: new Date().toISOString() };
  return Object.assign({ ...sketch }, { spec });
}

type Port = { readonly name: string; readonly port: number; readonly targetPort: number; readonly protocol: string };

function deployment({ namespace: space, name, labels }: ReturnType<typeof workloadOf>): KubeObject {
  const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: IMAGE, env }] } };
  const spec = { replicas: REPLICAS, selector: { matchLabels: { app: name } }, template };
  const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: named("Deployment", name, space, labels) };
  return Object.assign(object, { spec, status: { replicas: REPLICAS, readyReplicas: REPLICAS } });
}

function service(
  space: string,
  name: string,
  {
    clusterIP,
    ...rest
  }: {
    readonly clusterIP: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly Port[];
  },
): KubeObject {
  const object = { apiVersion: "v1", kind: "Service", metadata: named("Service", name, space, rest.selector) };
  const spec = { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ...rest };
  return Object.assign(object, { spec, status: { loadBalancer: {} } });
}

function sliceSketch(space: string, name: string): KubeObject {
  const labels = { "kubernetes.io/service-name": name };
  const metadata = named("EndpointSlice", `${name}-abcde`, space, labels);
  return { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata };
}

function endpoints(pods: readonly PodSketch[], ports: readonly Port[]) {
  return {
    addressType: "IPv4",
    endpoints: pods.map(({ metadata, spec, status }) => ({
      addresses: [status.podIP],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: spec.nodeName,
      targetRef: { kind: "Pod", namespace: metadata.namespace, name: metadata.name },
    })),
    ports: ports.map(({ name, targetPort: port, protocol }) => ({ name, port, protocol })),
  };
}
