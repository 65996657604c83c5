import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { readArtifactConfig } from "./config.ts";
import { checkIdSchema } from "./core/check.ts";
import { NetcheckError } from "./core/errors.ts";
import { inWords } from "./core/sentence.ts";
import { sizeText } from "./report/files.ts";
import { validKey } from "./store/artifact.ts";
import { missing } from "./store/artifact-errors.ts";
import { sumOf } from "./store/artifact-file.ts";
import { openArtifacts } from "./store/artifacts.ts";

const usage = `Usage: npm run -s netcheck -- artifact list [CHECK] [--json]
       npm run -s netcheck -- artifact get KEY -o FILE

Lists and fetches what is kept of captures: on this machine's disk below NETCHECK_DATA_DIR, or in the object store that
NETCHECK_S3_BUCKET names. Run it with the settings of a worker.
  list                every file: when it was kept, its size, the sha256 of its bytes, its key
  list nc-4f2a        those of one check; the file for Wireshark is captures/nc-4f2a/merged.pcapng
  --json              one JSON document instead of lines
  get KEY -o FILE     writes the file that is kept under KEY; what FILE holds already is never written over; - is standard output
Exit code: 0 when it is there as it was kept; 1 when it is not; 2 for what was asked wrongly or a store that does not answer.
`;

/** What the user got wrong: a sentence for people. */
class UsageError extends Error {}

const tell = (text: string): boolean => process.stderr.write(`${text}\n`);

/** `netcheck artifact`. Answers the exit code. Needs neither Slack nor Redis nor a cluster. */
export async function artifactCommand(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parsed(argv);
    const [verb, ...words] = positionals;
    if (values.help || verb === undefined) {
      tell(usage);
      return values.help ? 0 : 2;
    }
    if (verb === "list") return await list(words, values.json ?? false);
    if (verb === "get") return await get(words, values.output);
    throw new UsageError(`"${verb}" is nothing that can be done with artifacts: list or get.`);
  } catch (error) {
    if (error instanceof UsageError) tell(error.message);
    else if (error instanceof NetcheckError)
      tell([error.text, ...(error.hint === undefined ? [] : [error.hint])].map((text) => inWords(text)).join(" "));
    else throw error;
    return error instanceof NetcheckError && (error.code === "not-found" || error.code === "damaged") ? 1 : 2;
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        output: { type: "string", short: "o" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function list([check, ...more]: readonly string[], json: boolean): Promise<number> {
  if (more.length > 0) throw new UsageError("list takes one check, or none.");
  if (check !== undefined && !checkIdSchema.safeParse(check).success)
    throw new UsageError(`${JSON.stringify(check)} is no check: they look like nc-4f2a.`);
  const store = openArtifacts(readArtifactConfig());
  const found = await store.list(check === undefined ? "captures" : `captures/${check}`);
  if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else
    for (const { key, bytes, sha256, storedMs } of found)
      process.stdout.write(`${new Date(storedMs).toISOString()} ${sizeText(bytes).padStart(9)} ${sha256} ${key}\n`);
  if (found.length === 0) tell(check === undefined ? "Nothing is kept." : `Nothing is kept of ${check}.`);
  return found.length === 0 && check !== undefined ? 1 : 0;
}

async function get([key, ...more]: readonly string[], output: string | undefined): Promise<number> {
  if (key === undefined || more.length > 0) throw new UsageError("get takes one key; artifact list shows them.");
  if (output === undefined || output === "")
    throw new UsageError("Say with -o FILE where to write it, or -o - for standard output.");
  const store = openArtifacts(readArtifactConfig());
  const kept = await store.about(keyIn(key));
  if (!kept) throw missing(key);
  using local = await store.localPath(key);
  // First: what is half written or changed must not leave here.
  await sumOf(key, local.path, kept.sha256);
  await copy(local.path, output);
  tell(`${key}: ${sizeText(kept.bytes)}, sha256 ${kept.sha256}`);
  return 0;
}

function keyIn(text: string): string {
  try {
    return validKey(text);
  } catch {
    throw new UsageError(
      `${JSON.stringify(text.slice(0, 200))} is no key: they look like captures/nc-4f2a/merged.pcapng.`,
    );
  }
}

async function copy(from: string, to: string): Promise<void> {
  if (to === "-") {
    // Whoever reads a pipe may have seen enough.
    await pipeline(createReadStream(from), process.stdout, { end: false }).catch(unless("EPIPE"));
    return;
  }
  let made = false;
  const file = createWriteStream(to, { flags: "wx", mode: 0o600 }).on("open", () => {
    made = true;
  });
  try {
    await pipeline(createReadStream(from), file);
  } catch (error) {
    if (made) await rm(to, { force: true });
    if (hasCode(error, "EEXIST")) throw new UsageError(`${to} is there already; nothing was written.`);
    throw new UsageError(`${to} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

function unless(code: string): (error: unknown) => void {
  return (error) => {
    if (!hasCode(error, code)) throw error;
  };
}
