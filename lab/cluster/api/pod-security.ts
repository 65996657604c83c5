import type { z } from "zod";
import { StatusError } from "./status.ts";
import type { contextSchema, specSchema } from "./written.ts";

const LEVEL = "pod-security.kubernetes.io/enforce";

/** Refuses what the level "restricted" of Pod Security refuses, where a namespace enforces it, in the admission's words. */
export function requireRestricted(
  name: string,
  { securityContext: ofPod = {}, containers: [container] }: z.output<typeof specSchema>,
  labels: Readonly<Record<string, string>> = {},
): void {
  if (labels[LEVEL] !== "restricted") return;
  const own: z.output<typeof contextSchema> = container.securityContext ?? {};
  const of = `container "${container.name}" must set securityContext`;
  const seccomp = own.seccompProfile ?? ofPod.seccompProfile;
  const violations = [
    own.allowPrivilegeEscalation === false
      ? []
      : [`allowPrivilegeEscalation != false (${of}.allowPrivilegeEscalation=false)`],
    own.capabilities?.drop.includes("ALL") && own.capabilities.add.every((one) => one === "NET_BIND_SERVICE")
      ? []
      : [`unrestricted capabilities (${of}.capabilities.drop=["ALL"])`],
    (own.runAsNonRoot ?? ofPod.runAsNonRoot) === true ? [] : [`runAsNonRoot != true (${of}.runAsNonRoot=true)`],
    (own.runAsUser ?? ofPod.runAsUser) === 0 ? ["runAsUser=0"] : [],
    seccomp?.type === "RuntimeDefault" || seccomp?.type === "Localhost"
      ? []
      : [`seccompProfile (${of}.seccompProfile.type to "RuntimeDefault" or "Localhost")`],
  ].flat();
  if (violations.length === 0) return;
  throw new StatusError(
    403,
    "Forbidden",
    `pods "${name}" is forbidden: violates PodSecurity "restricted:latest": ${violations.join(", ")}`,
    { name, kind: "pods" },
  );
}
