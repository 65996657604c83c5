import { RESOURCES } from "./catalogue.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { noSuchResource } from "./status.ts";
import { WRITERS } from "./write.ts";

const READ = ["get", "list", "watch"];
const WRITE = ["create", "delete"];

type Described = {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
};

const POD_PARTS: readonly Described[] = [
  { name: "pods/exec", singularName: "", namespaced: true, kind: "PodExecOptions", verbs: ["create", "get"] },
  { name: "pods/log", singularName: "", namespaced: true, kind: "Pod", verbs: ["get"] },
];
const REVIEWS: Described = {
  name: "selfsubjectaccessreviews",
  singularName: "selfsubjectaccessreview",
  namespaced: false,
  kind: "SelfSubjectAccessReview",
  verbs: ["create"],
};

/** The discovery document at this path; undefined when the path is no discovery path at all. */
export function discover(path: string, address: string): unknown {
  const [, root, first, second, ...rest] = path.replace(/\/$/, "").split("/");
  if (rest.length > 0) return undefined;
  if (root === "api" && second === undefined) return coreGroup(first, address);
  if (root !== "apis") return undefined;
  if (first === undefined) return { kind: "APIGroupList", apiVersion: "v1", groups: groups().map(groupEntry) };
  if (!groups().includes(first)) throw noSuchResource();
  if (second === undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupEntry(first) };
  if (second !== "v1") throw noSuchResource();
  return resourceList(first);
}

function coreGroup(version: string | undefined, address: string): unknown {
  const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: address }];
  if (version === undefined) return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs };
  if (version !== "v1") throw noSuchResource();
  return resourceList("");
}

const groups = (): string[] =>
  [...new Set([...RESOURCES.map(({ group }) => group), "authorization.k8s.io"])].filter((group) => group !== "");

function groupEntry(name: string) {
  const version = { groupVersion: `${name}/v1`, version: "v1" };
  return { name, versions: [version], preferredVersion: version };
}

function resourceList(group: string) {
  const resources = RESOURCES.filter((resource) => resource.group === group).map(described);
  const extra = group === "" ? POD_PARTS : group === "authorization.k8s.io" ? [REVIEWS] : [];
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf({ group }),
    resources: [...resources, ...extra],
  };
}

function described({ group, name, singular, namespaced, kind, shortNames }: Resource): Described {
  const verbs = WRITERS[`${group}/${name}`] ? [...READ, ...WRITE] : READ;
  return { name, singularName: singular, namespaced, kind, verbs, ...(shortNames.length > 0 && { shortNames }) };
}
