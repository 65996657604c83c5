import type { z } from "zod";

/**
 * One typed, timed measurement with its subject. `subject` is a leg id, a vantage id, or an object name such as
 * `node/node-1`. `atMs` is the Unix time in milliseconds of the newest observation in it.
 */
export type Evidence<T = unknown> = {
  readonly kind: string;
  readonly subject: string;
  readonly atMs: number;
  readonly data: T;
};

/** A typed key: the probe that produces this evidence declares it, and a rule that imports it says what it relies on. */
export type EvidenceKind<T> = { readonly name: string; readonly schema: z.ZodType<T> };

export function defineEvidence<T>(name: string, schema: z.ZodType<T>): EvidenceKind<T> {
  return { name, schema };
}

/** Makes one piece of evidence of a kind; the compiler checks its shape. */
export function evidenceOf<T>(kind: EvidenceKind<T>, subject: string, atMs: number, data: T): Evidence<T> {
  return { kind: kind.name, subject, atMs, data };
}

/** All evidence of one check. Later evidence of the same kind and subject replaces earlier: readers report running totals. */
export class EvidenceSet {
  readonly #byKind = new Map<string, Map<string, Evidence>>();

  constructor(all: Iterable<Evidence> = []) {
    for (const evidence of all) this.add(evidence);
  }

  add(evidence: Evidence): void {
    const subjects = this.#byKind.get(evidence.kind) ?? new Map<string, Evidence>();
    subjects.set(evidence.subject, evidence);
    this.#byKind.set(evidence.kind, subjects);
  }

  /** The evidence of this kind about one subject, if any was gathered. */
  get<T>(kind: EvidenceKind<T>, subject: string): T | undefined {
    return this.#byKind.get(kind.name)?.get(subject)?.data as T | undefined;
  }

  /** Everything of one kind, in the order in which subjects were first seen. */
  all<T>(kind: EvidenceKind<T>): readonly Evidence<T>[] {
    return [...(this.#byKind.get(kind.name)?.values() ?? [])] as Evidence<T>[];
  }

  has(kind: EvidenceKind<unknown>): boolean {
    return this.#byKind.has(kind.name);
  }

  toArray(): Evidence[] {
    return [...this.#byKind.values()].flatMap((subjects) => [...subjects.values()]);
  }
}
