import type { S3Client } from "@aws-sdk/client-s3";
import { NetcheckError } from "../core/errors.ts";
import { say } from "../core/sentence.ts";
import { damaged, diskFull, missing } from "./artifact-errors.ts";

/** Where objects lie. Credentials are found by the AWS SDK itself: environment, profile, web identity, container, instance. */
export type S3Place = {
  readonly bucket: string;
  /** Absent: Amazon's own for the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** In front of all keys, with a slash at its end; or empty. */
  readonly prefix: string;
  /** The bucket's name stands in the path and not in the host's name. */
  readonly pathStyle: boolean;
  readonly cacheBytes: number;
};

export type Sdk = typeof import("@aws-sdk/client-s3");

const CONNECT_MS = 5_000;
const ATTEMPTS = 3;

/** Loads the SDK, which takes a while, and makes a client. */
export async function connectS3(place: S3Place, silentMs: number): Promise<{ sdk: Sdk; client: S3Client }> {
  const sdk = await import("@aws-sdk/client-s3");
  const client = new sdk.S3Client({
    region: place.region,
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    forcePathStyle: place.pathStyle,
    maxAttempts: ATTEMPTS,
    // Trailing checksums of the SDK's own choice are refused by many servers; what matters is sent as sha256 (see put).
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: silentMs },
    // Its default writes warnings to the console.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  return { sdk, client };
}

/** Runs an exchange with the object store and says in our words why it failed. Errors of this machine's files are thrown on. */
export async function withS3<T>(place: S3Place, key: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof NetcheckError || isOfDisk(error) || isBug(error) ? error : inOurWords(error, place, key);
  }
}

/** An answer that is no XML throws such errors, too; then it is known what was answered. */
const isBug = (error: unknown): boolean =>
  (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) &&
  !("$response" in error);

const isOfDisk = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && "path" in error && typeof error.path === "string";

const DAMAGED = new Set(["BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"]);
const FULL = new Set(["QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "EntityTooLarge"]);

function inOurWords(error: unknown, { bucket }: S3Place, key: string): NetcheckError {
  const { name, code, status } = factsOf(error);
  if (DAMAGED.has(name)) return damaged(key, error);
  if (FULL.has(name) || status === 507) return diskFull(key, error);
  if (name === "NoSuchBucket")
    return new NetcheckError("store-unavailable", say("The object store has no bucket {bucket}.", { bucket }), {
      ...{ hint: say("Make the bucket, or correct NETCHECK_S3_BUCKET."), cause: error },
    });
  if (name === "CredentialsProviderError" || name === "TokenProviderError")
    return new NetcheckError("forbidden", say("There is no credential for the object store."), {
      ...{ hint: say("Give netcheck one in a way that the AWS SDK knows, see docs/configuration.md."), cause: error },
    });
  if (status === 401 || status === 403)
    return new NetcheckError(
      "forbidden",
      say("The object store does not let netcheck at {file} in bucket {bucket}: {reason}.", {
        ...{ file: key, bucket, reason: name },
      }),
      {
        hint: say("Allow s3:PutObject, GetObject, DeleteObject and ListBucket on that bucket and prefix."),
        cause: error,
      },
    );
  if (status === 404 || name === "NoSuchKey" || name === "NotFound") return missing(key, error);
  return new NetcheckError(
    "store-unavailable",
    say("The object store failed at {file}: {reason}.", {
      file: key,
      reason: code ?? (status ? `${name} ${status}` : name),
    }),
    { cause: error },
  );
}

function factsOf(error: unknown): { name: string; code: string | undefined; status: number | undefined } {
  if (!(error instanceof Error)) return { name: "unknown", code: undefined, status: undefined };
  // The SDK names a connection that was reset a TimeoutError as well; its code says which it was.
  const late = error.name === "AbortError" || error.name === "TimeoutError";
  const code = "code" in error && typeof error.code === "string" ? error.code : late ? "ETIMEDOUT" : undefined;
  const about = "$metadata" in error ? (error.$metadata as { readonly httpStatusCode?: number }) : {};
  return { name: error.name, code, status: about.httpStatusCode };
}
