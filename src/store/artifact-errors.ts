import { NetcheckError } from "../core/errors.ts";
import { say } from "../core/sentence.ts";

export function damaged(key: string, cause?: unknown): NetcheckError {
  return new NetcheckError(
    "damaged",
    say("{file} was not kept as it is: on the way its bytes have changed (another sha256).", { file: key }),
    { cause },
  );
}

export function missing(key: string, cause?: unknown): NetcheckError {
  return new NetcheckError("not-found", say("{file} is not kept, or not any more.", { file: key }), {
    hint: say("See docs/captures.md for how long captures are kept."),
    cause,
  });
}

export function diskFull(key: string, cause?: unknown): NetcheckError {
  return new NetcheckError(
    "disk-full",
    say("There is no room to keep {file}: the disk is nearly full.", { file: key }),
    {
      hint: say("Make room below NETCHECK_DATA_DIR, or set a smaller NETCHECK_ARTIFACT_QUOTA_GB."),
      cause,
    },
  );
}

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const FORBIDDEN = new Set(["EACCES", "EPERM", "EROFS"]);

/** Runs what reads and writes files, and says in our words why it could not. What is no error of a disk is thrown as it is. */
export async function onDisk<T>(key: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw inDiskWords(key, error);
  }
}

/** The error of a disk in our words; any other as it is. */
export function inDiskWords(key: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error && "errno" in error ? error.code : undefined;
  // That a file is not there, which was just named, is a mistake of whoever named it.
  if (typeof code !== "string" || code === "ENOENT") return error;
  if (FULL.has(code)) return diskFull(key, error);
  if (FORBIDDEN.has(code))
    return new NetcheckError(
      "forbidden",
      say("The folder that keeps {file} may not be read or written.", { file: key }),
      { hint: say("Give the user that netcheck runs as the folder NETCHECK_DATA_DIR."), cause: error },
    );
  return new NetcheckError("store-unavailable", say("The disk that keeps {file} fails: {code}.", { file: key, code }), {
    cause: error,
  });
}
