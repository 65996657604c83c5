import type { z } from "zod";

/** One thing that is wrong with what an app sent. `pointer` is a JSON pointer from the request's arguments. */
export type Problem = { readonly pointer: string; readonly message: string };

const escapeToken = (key: PropertyKey): string => String(key).replaceAll("~", "~0").replaceAll("/", "~1");
export const pointerOf = (base: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>((pointer, key) => `${pointer}/${escapeToken(key)}`, base);

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (found, key) => (typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined),
    value,
  );

type Issue = z.core.$ZodIssue;

function describe(issue: Issue, value: unknown, base: string): Problem[] {
  const here = (message: string, path = issue.path): Problem => ({ pointer: pointerOf(base, path), message });
  const items = "origin" in issue && issue.origin === "array";
  const characters = "origin" in issue && issue.origin === "string";
  switch (issue.code) {
    case "too_big": {
      const max = Number(issue.maximum);
      if (items) return [here(`no more than ${max} items allowed`)];
      return [here(`must be less than ${max + 1}${characters ? " characters" : ""}`)];
    }
    case "too_small": {
      const min = Number(issue.minimum);
      if (items) return [here(`no fewer than ${min} items allowed`)];
      return [here(`must be more than ${min - 1}${characters ? " characters" : ""}`)];
    }
    case "unrecognized_keys":
      return issue.keys.map((key) => here(`invalid additional property: ${key}`));
    case "invalid_union": {
      const type = at(value, [...issue.path]);
      if (type === undefined) return [here("missing required field: type", issue.path.slice(0, -1))];
      return [here(`unsupported type: ${typeof type === "object" ? "object" : String(type)}`)];
    }
    case "invalid_value":
      if (issue.path.at(-1) === "type") return [here(`unsupported type: ${String(at(value, issue.path))}`)];
      if (at(value, issue.path) === undefined) break;
      return [here(`must be one of: ${issue.values.join(", ")}`)];
    case "invalid_type":
      if (at(value, issue.path) === undefined) break;
      return [here(`must provide ${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`)];
    default:
      return [here(issue.message)];
  }
  return [here(`missing required field: ${String(issue.path.at(-1))}`, issue.path.slice(0, -1))];
}

/** Words zod's issues as Slack words them. `value` is what was parsed, `base` where it stands in the request. */
export const problemsOf = (issues: readonly Issue[], value: unknown, base: string): Problem[] =>
  issues.flatMap((issue) => describe(issue, value, base));

/** As in `response_metadata.messages`. */
export const wordProblem = ({ message, pointer }: Problem): string => `${message} [json-pointer:${pointer}]`;
