import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Environment } from "#src/config.ts";
import type { Area, Finding } from "#src/doctor/finding.ts";
import { examine } from "#src/doctor-command.ts";

const LIMITS = { questionMs: 6_000, areaMs: 20_000 };

/** One thing that is broken on purpose, and what has to be said about it. */
export type Seeded = {
  readonly name: string;
  /** Breaks it: changes the environment, or the world, or both; what it returns mends the world again. */
  readonly seed: () => Environment | Promise<Environment>;
  readonly mend?: () => void | Promise<void>;
  readonly area: Area;
  readonly found: RegExp;
  readonly remedy: RegExp;
};

/** A folder for one file of tests, as HOME and for data, so that no kubeconfig of this machine is found. */
export function doctorHome(): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "netcheck-doctor-"));
  const before = process.env["HOME"];
  process.env["HOME"] = folder;
  return {
    folder,
    [Symbol.dispose]() {
      process.env["HOME"] = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const doctor = (env: Environment): Promise<Finding[]> => examine(env, LIMITS);

export const toMend = (findings: readonly Finding[]): Finding[] => findings.filter(({ status }) => status === "mend");

/** Each is found and its remedy named, nothing else is complained of, and no secret is shown. */
export function findsEach(seeded: readonly Seeded[], base: () => Environment, secrets: () => readonly string[]): void {
  test.each(seeded)("$name", { timeout: 60_000 }, async ({ seed, mend, area, found, remedy }) => {
    try {
      const changed = await seed();
      const findings = await doctor({ ...base(), ...changed });
      const wrong = toMend(findings);
      expect(wrong).toContainEqual(
        expect.objectContaining({ found: expect.stringMatching(found), remedy: expect.stringMatching(remedy) }),
      );
      expect(wrong.map((one) => one.area)).toEqual(wrong.map(() => area));
      const shown = JSON.stringify(findings);
      for (const secret of secrets()) expect(shown).not.toContain(secret);
    } finally {
      await mend?.();
    }
  });
}
