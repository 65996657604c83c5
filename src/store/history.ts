import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { checkIdSchema, scheduleIdSchema } from "../core/check.ts";
import type { Judged } from "../core/judged.ts";
import { type Report, reportSchema } from "../core/report.ts";
import { type Summary, summarise, summarySchema } from "../core/report-summary.ts";
import { packStored, type SeenByCheck } from "./stored-check.ts";

/** Checks that are kept; the oldest go. At about 200 kB each, 200 MB. */
const MAX_CHECKS = 1_000;
/** Of so many paths the newest healthy check stays, however many came after it. */
const MAX_GOOD = 100;

const indexedSchema = summarySchema.extend({ schedule: scheduleIdSchema.optional() });
type Indexed = z.infer<typeof indexedSchema>;

export type History = {
  /** Keeps a report and what it rests on, if anything was measured. Saving it again replaces it. */
  readonly save: (saved: {
    readonly report: Report;
    readonly seen?: SeenByCheck | undefined;
    /** The schedule that it was a run of. */
    readonly schedule?: string | undefined;
  }) => Promise<void>;
  /** Keeps what somebody said of a cause, beside the check. Nothing of what was said before is lost. */
  readonly judge: (judged: Judged) => Promise<void>;
  readonly report: (check: string) => Promise<Report | undefined>;
  /** The newest healthy report of the same path, or of the same schedule, that began before this one. */
  readonly lastGood: (report: Report) => Promise<Report | undefined>;
  /** Ids, newest first. */
  readonly list: () => Promise<readonly string[]>;
};

/**
 * Finished checks on disk, one folder each: `report.json` (stable, see DESIGN §8), `check.json.gz`, from which
 * `netcheck replay` makes the report anew, `summary.json`, by which a check is found without reading all of its report, and
 * `judged.jsonl`, a line for each time somebody said that a cause was right or wrong.
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

  const indexed = new Map<string, Indexed>();

  async function readSummary(check: string): Promise<Indexed | undefined> {
    const known = indexed.get(check);
    if (known) return known;
    const json = await readFile(join(folder(check), "summary.json"), "utf8").catch(() => undefined);
    const read = json === undefined ? undefined : indexedSchema.safeParse(JSON.parse(json)).data;
    // Checks that an older version has kept have none.
    const old = read === undefined ? await readReport(check) : undefined;
    const summary: Indexed | undefined = read ?? (old && summarise(old));
    if (summary) indexed.set(check, summary);
    return summary;
  }

  async function readReport(check: string): Promise<Report | undefined> {
    const json = await readFile(join(folder(check), "report.json"), "utf8").catch(() => undefined);
    return json === undefined ? undefined : reportSchema.safeParse(JSON.parse(json)).data;
  }

  /** Summaries of all that are kept, newest first. */
  async function summaries(): Promise<readonly Indexed[]> {
    const names = await list();
    for (const gone of indexed.keys()) if (!names.includes(gone)) indexed.delete(gone);
    const found: Indexed[] = [];
    for (const name of names) found.push(...((await readSummary(name).then((one) => one && [one])) ?? []));
    return found.toSorted((a, b) => b.window.startMs - a.window.startMs);
  }

  async function prune(): Promise<void> {
    const old = (await list()).slice(maxChecks);
    if (old.length === 0) return;
    const good = new Map<string, string>();
    for (const one of await summaries())
      if (one.status === "healthy" && !good.has(pathOf(one)) && good.size < MAX_GOOD) good.set(pathOf(one), one.check);
    const stay = new Set(good.values());
    for (const check of old) if (!stay.has(check)) await rm(join(root, check), { recursive: true, force: true });
  }

  return {
    async save({ report, seen, schedule }) {
      const dir = folder(report.check);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      if (seen) await whole(join(dir, "check.json.gz"), await packStored({ ...seen, report }));
      indexed.delete(report.check);
      const summary: Indexed = { ...summarise(report), ...(schedule !== undefined && { schedule }) };
      await whole(join(dir, "summary.json"), JSON.stringify(summary, null, 1));
      // Last: whoever sees the report finds the rest.
      await whole(join(dir, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
      await prune();
    },
    async judge(judged) {
      const dir = folder(judged.check);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await appendFile(join(dir, "judged.jsonl"), `${JSON.stringify(judged)}\n`, { mode: 0o600 });
    },
    report: readReport,
    async lastGood(report) {
      const schedule = (await readSummary(report.check))?.schedule;
      const same = (one: Indexed): boolean =>
        pathOf(one) === pathOf(report) || (schedule !== undefined && one.schedule === schedule);
      const good = (await summaries()).find(
        (one) => one.status === "healthy" && one.window.startMs < report.window.startMs && same(one),
      );
      return good && readReport(good.check);
    },
    list,
  };
}

const pathOf = ({ cluster, from, to }: Pick<Summary, "cluster" | "from" | "to">): string => `${cluster} ${from}>${to}`;

/** A file is there with all of it or not at all. */
async function whole(path: string, content: string | Uint8Array): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, content, { mode: 0o600 });
  await rename(part, path);
}
