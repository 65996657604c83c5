import type { V1NetworkPolicy, V1Pod, V1Service } from "@kubernetes/client-node";
import { listenerCommand, PORT } from "./listener.ts";

/** What a namespace of a run carries, so that those of ended runs can be found. */
export const LABEL = "app.kubernetes.io/name";
export const NAME = "netcheck-conformance";

/** The pods of a run by their part in it; all of them listen on `PORT`. */
export const podNames = ["client", "server", "other", "walled", "starved"] as const;
export type PodName = (typeof podNames)[number];

/** Nobody: the agent image's own user is root. */
const USER = 65_534;
/** Enough to answer, and far less than a program takes that never rests. */
const STARVED_CPU = "20m";

export type Placement = {
  readonly namespace: string;
  readonly image: string;
  /** Values of the label kubernetes.io/hostname: where the client is, and where what it asks for is. May be the same. */
  readonly near: string;
  readonly far: string;
};

const hosts = (name: PodName, { near, far }: Placement): string => (name === "client" || name === "other" ? near : far);

/** Made to pass Pod Security "restricted". `other` and `server` stand behind the Services. */
export function podManifest(name: PodName, placement: Placement): V1Pod {
  const { namespace, image } = placement;
  const serves = name === "server" || name === "other";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { [LABEL]: NAME, part: name, ...(serves && { serves: "web" }) } },
    spec: {
      nodeSelector: { "kubernetes.io/hostname": hosts(name, placement) },
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "listener",
          image,
          imagePullPolicy: "IfNotPresent",
          command: name === "starved" ? listenerCommand("burn") : listenerCommand(),
          ports: [{ name: "http", containerPort: PORT }],
          readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1, failureThreshold: 30 },
          resources: {
            requests: { cpu: "10m", memory: "24Mi" },
            limits: { cpu: name === "starved" ? STARVED_CPU : "200m", memory: "64Mi" },
          },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  };
}

/** `web` and `web-headless` lead to the two servers; the selector of `empty` finds nothing. */
export function serviceManifests(namespace: string): V1Service[] {
  const service = (name: string, spec: NonNullable<V1Service["spec"]>): V1Service => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels: { [LABEL]: NAME } },
    spec: { ...spec, ports: [{ name: "http", port: PORT, targetPort: PORT, protocol: "TCP" }] },
  });
  return [
    service("web", { selector: { serves: "web" } }),
    service("web-headless", { selector: { serves: "web" }, clusterIP: "None" }),
    service("empty", { selector: { serves: "nothing" } }),
  ];
}

/** Nobody may connect to `walled`. */
export const policyManifest = (namespace: string): V1NetworkPolicy => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "wall", namespace, labels: { [LABEL]: NAME } },
  spec: { podSelector: { matchLabels: { part: "walled" } }, policyTypes: ["Ingress"], ingress: [] },
});

export const namespaceLabels = {
  [LABEL]: NAME,
  "pod-security.kubernetes.io/enforce": "restricted",
} as const;
