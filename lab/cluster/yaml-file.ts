import { readFile } from "node:fs/promises";
import { type Document, isMap, isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";

/** A parsed YAML (or JSON) file that still knows where everything stood. */
export type YamlFile = {
  readonly path: string;
  readonly value: unknown;
  /** "file:line" of the value at a path, or of the nearest thing around it that exists. `key`: of that key itself. */
  readonly at: (path: readonly PropertyKey[], key?: string) => string;
};

type Complaint = { readonly place: string; readonly text: string };

/** Reads a file. Throws `bad-config` when it is not there or not YAML. */
export async function readYaml(path: string): Promise<YamlFile> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : "it cannot be read";
    throw new NetcheckError("bad-config", `${path}: cannot be read (${why}).`, { cause });
  });
  return parseYamlText(text, path);
}

export function parseYamlText(text: string, path: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number): string => `${path}:${lines.linePos(offset).line}`;
  const [first] = document.errors;
  if (first !== undefined) throw new NetcheckError("bad-config", `${lineOf(first.pos[0])}: ${first.message}`);
  return { path, value: document.toJS(), at: (where, key) => lineOf(offsetOf(document, where, key)) };
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length--) {
    const found: unknown = document.getIn(path.slice(0, length), true);
    if (key !== undefined && length === path.length && isMap(found)) {
      const pair = found.items.find((item) => String(item.key) === key);
      if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0;
    }
    if (isNode(found) && found.range) return found.range[0];
  }
  return 0;
}

/** Checks the whole value and reports everything that is wrong with it at once, each with its line. */
export function parseWith<T>(schema: z.ZodType<T>, file: YamlFile, base: readonly PropertyKey[] = []): T {
  const value = base.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)[key], file.value);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const complaints = result.error.issues.flatMap((issue) => complaintsOf(issue, file, base));
  throw new NetcheckError("bad-config", complaints.map(({ place, text }) => `${place}: ${text}`).join("\n"));
}

function complaintsOf(issue: z.core.$ZodIssue, file: YamlFile, base: readonly PropertyKey[]): Complaint[] {
  const path = [...base, ...issue.path];
  const name = path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      place: file.at(path, key),
      text: `"${key}" is not known here${name === "" ? "" : ` (in ${name})`}.`,
    }));
  return [{ place: file.at(path), text: `${name === "" ? "the file" : name}: ${issue.message}` }];
}
