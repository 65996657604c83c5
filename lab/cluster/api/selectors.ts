import type { KubeObject, Resource } from "./resource.ts";
import { badRequest } from "./status.ts";

export type Matcher = (object: KubeObject) => boolean;

const LABEL_KEY = String.raw`[\w./-]+`;
const SET = new RegExp(String.raw`^(${LABEL_KEY})\s+(in|notin)\s*\(([^()]*)\)$`);
const EQUALITY = new RegExp(String.raw`^(${LABEL_KEY})\s*(==|=|!=)\s*([\w.-]*)$`);
const EXISTS = new RegExp(String.raw`^(!?)\s*(${LABEL_KEY})$`);

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`; throws 400 with the requirement that could not be read. */
export function labelMatcher(selector: string): Matcher {
  const tests = requirementsOf(selector).map(labelTest);
  return ({ metadata }) => tests.every((test) => test(metadata.labels ?? {}));
}

/** Splits at the commas that are not inside parentheses. */
function requirementsOf(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((requirement) => requirement.trim())
    .filter((requirement) => requirement !== "");
}

function labelTest(requirement: string): (labels: Readonly<Record<string, string>>) => boolean {
  const [, setKey, operator, list] = SET.exec(requirement) ?? [];
  if (setKey !== undefined) {
    const values = (list ?? "").split(",").map((value) => value.trim());
    const inside = (value: string | undefined) => value !== undefined && values.includes(value);
    return (labels) => inside(labels[setKey]) === (operator === "in");
  }
  const [, key, sign, value] = EQUALITY.exec(requirement) ?? [];
  if (key !== undefined) return (labels) => (labels[key] === value) === (sign !== "!=");
  const [, not, present] = EXISTS.exec(requirement) ?? [];
  if (present === undefined) throw badRequest(`unable to parse requirement: ${JSON.stringify(requirement)}`);
  return (labels) => (labels[present] === undefined) === (not === "!");
}

/** `spec.nodeName=node-1,status.phase!=Running`; only the fields that the resource lists can be selected. */
export function fieldMatcher(selector: string, resource: Pick<Resource, "fields" | "namespaced">): Matcher {
  const tests = requirementsOf(selector).map((requirement) => {
    const [, field, sign, value] = /^([^=!]+?)(==|=|!=)(.*)$/.exec(requirement) ?? [];
    if (field === undefined) throw badRequest(`invalid selector: '${requirement}'; can't understand '${requirement}'`);
    const known = ["metadata.name", ...(resource.namespaced ? ["metadata.namespace"] : []), ...resource.fields];
    if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`);
    return (object: KubeObject) => (fieldOf(object, field) === value) === (sign !== "!=");
  });
  return (object) => tests.every((test) => test(object));
}

/** Which fields a selector wants to be equal to what; by these objects can be found without looking at all. */
export function equalFields(selector: string): ReadonlyMap<string, string> {
  const read = requirementsOf(selector).map((requirement) => /^([^=!]+?)==?(.*)$/.exec(requirement) ?? []);
  return new Map(read.flatMap(([, field, value]) => (field === undefined ? [] : [[field, value ?? ""] as const])));
}

/** Fields whose zero value the API leaves out of the JSON. */
const ZERO: Record<string, string> = { "spec.unschedulable": "false", "spec.hostNetwork": "false" };

function fieldOf(object: KubeObject, field: string): string {
  // The one field whose name is not its path: an event's source is a structure, selected by its component.
  const path = field === "source" ? "source.component" : field;
  let value: unknown = object;
  for (const key of path.split("."))
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value === undefined ? (ZERO[field] ?? "") : String(value);
}

/** What a list or watch asks for: namespace, name, labelSelector and fieldSelector together. */
export function matcherFor(
  resource: Resource,
  { namespace, name, query }: { namespace?: string; name?: string; query: URLSearchParams },
): Matcher {
  const labels = labelMatcher(query.get("labelSelector") ?? "");
  const fields = fieldMatcher(query.get("fieldSelector") ?? "", resource);
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    labels(object) &&
    fields(object);
}
