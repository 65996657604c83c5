import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { checkIdSchema } from "../core/check.ts";
import type { Evidence } from "../core/evidence.ts";
import { type Report, reportSchema } from "../core/report.ts";

const deflate = promisify(gzip);

/** Checks that are kept; the oldest go. At about 200 kB each, 200 MB. */
const MAX_CHECKS = 1_000;

export type History = {
  /** Keeps a report and what it rests on. Saving it again replaces it. */
  readonly save: (saved: {
    readonly report: Report;
    readonly plan?: unknown;
    readonly evidence: readonly Evidence[];
  }) => Promise<void>;
  readonly report: (check: string) => Promise<Report | undefined>;
  /** Ids, newest first. */
  readonly list: () => Promise<readonly string[]>;
};

/**
 * Finished checks on disk, one folder each: `report.json` (stable, see DESIGN §8), `plan.json`, `evidence.json.gz`.
 * Only for people and tools to look at; nothing that is running depends on it.
 */
export function openHistory(dataDir: string, { maxChecks = MAX_CHECKS } = {}): History {
  const root = join(dataDir, "history");
  const folder = (check: string): string => join(root, checkIdSchema.parse(check));

  async function list(): Promise<readonly string[]> {
    const names = (await readdir(root).catch(() => [])).filter((name) => checkIdSchema.safeParse(name).success);
    const dated = await Promise.all(
      names.map(async (name) => ({
        name,
        atMs: await stat(join(root, name, "report.json")).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      })),
    );
    return dated.toSorted((a, b) => b.atMs - a.atMs).map(({ name }) => name);
  }

  return {
    async save({ report, plan, evidence }) {
      const dir = folder(report.check);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await whole(join(dir, "evidence.json.gz"), await deflate(JSON.stringify(evidence)));
      await whole(join(dir, "plan.json"), JSON.stringify(plan ?? {}, null, 1));
      // Last: whoever sees the report finds the rest.
      await whole(join(dir, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
      for (const old of (await list()).slice(maxChecks)) await rm(join(root, old), { recursive: true, force: true });
    },
    async report(check) {
      const json = await readFile(join(folder(check), "report.json"), "utf8").catch(() => undefined);
      return json === undefined ? undefined : reportSchema.safeParse(JSON.parse(json)).data;
    },
    list,
  };
}

/** A file is there with all of it or not at all. */
async function whole(path: string, content: string | Uint8Array): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, content, { mode: 0o600 });
  await rename(part, path);
}
