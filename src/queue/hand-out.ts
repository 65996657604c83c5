import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { NetcheckError } from "../core/errors.ts";
import type { ReportFile } from "../core/report.ts";
import { drawLink, drawWithheld, fileComment, fileName, fileTitle } from "../report/files.ts";
import type { Withheld, Wording } from "../report/words.ts";
import type { ArtifactStore } from "../store/artifact.ts";
import type { Outbox, OutboxDeps, Outcome } from "./outbox.ts";
import { shareFile } from "./share-file.ts";
import type { Place } from "./slack-port.ts";

/** Above 20 MB uploads are known to fail (python-slack-sdk#1681), and half a minute is all that one may take. */
const POST_BYTES = 10_000_000;

/** What a file needs to get from the artifact store into a thread. */
export type HandOutDeps = OutboxDeps & {
  readonly outbox: Outbox;
  readonly store: Pick<ArtifactStore, "about" | "localPath" | "link">;
  /** How long links work, seconds. */
  readonly linkSeconds: number;
};

type Way =
  | { readonly is: "link"; readonly url: string; readonly untilMs: number }
  | { readonly is: "post" }
  | { readonly is: "withheld"; readonly why: Withheld };

/**
 * Brings a captured file to the readers of a thread, once per key: by a signed link where the store has one, else as a file of
 * the thread. Where another organisation reads along, or may for all that Slack says, it is named and neither linked nor
 * posted, whatever is in it: who may read it there fetches it from the store.
 */
export async function handOut(
  key: string,
  to: Place,
  file: ReportFile,
  wording: Wording,
  deps: HandOutDeps,
): Promise<Outcome> {
  const { outbox, log } = deps;
  const way = await wayOf(to, file, deps);
  if (way.is === "withheld") return outbox.send(key, to, drawWithheld(file, way.why, wording));
  if (way.is === "link") return outbox.send(key, to, drawLink(file, way, wording));
  const posted = await shareFile(
    key,
    to,
    {
      fileName: fileName(file),
      altText: fileTitle(file, wording),
      comment: fileComment(file, wording),
      bytes: () => bytesOf(file, deps),
    },
    deps,
  );
  if (posted.is !== "failed") return posted;
  log.warn({ key, why: posted.why }, "a captured file is named instead of posted");
  return outbox.send(`${key}-named`, to, drawWithheld(file, "refused", wording));
}

async function wayOf({ channel }: Place, file: ReportFile, deps: HandOutDeps): Promise<Way> {
  const { port, store, linkSeconds, nowMs = Date.now, log } = deps;
  const outsiders = await port.outsiders(channel);
  if (outsiders !== false) return { is: "withheld", why: outsiders ? "shared" : "unknown" };
  try {
    // Another store than that of the worker would link to nothing.
    if ((await store.about(file.key))?.sha256 !== file.sha256) return { is: "withheld", why: "elsewhere" };
    const url = await store.link(file.key, linkSeconds);
    if (url !== undefined) return { is: "link", url, untilMs: nowMs() + linkSeconds * 1_000 };
  } catch (err) {
    if (!(err instanceof NetcheckError)) throw err;
    log.warn({ file: file.key, err }, "a captured file cannot be handed out");
    return { is: "withheld", why: "elsewhere" };
  }
  return file.bytes > POST_BYTES ? { is: "withheld", why: "large" } : { is: "post" };
}

/** What the thread says of it is what is posted. */
async function bytesOf({ key, sha256 }: ReportFile, { store }: HandOutDeps): Promise<Uint8Array> {
  using local = await store.localPath(key);
  const bytes = await readFile(local.path);
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw new Error(`${key} has changed`);
  return bytes;
}
