import { type ClockEstimate, otherThan } from "../core/node-clock.ts";
import { apartText, SET_CLOCK } from "./clock.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { remedyFor } from "./network.ts";

/** Why a small artifact was not kept, read or removed. `name` is the object store's word, `code` the system's. */
export type StoreTrouble = {
  readonly step: "put" | "get" | "delete";
  readonly name: string;
  readonly code?: string | undefined;
  readonly status?: number | undefined;
  readonly text: string;
  readonly hint?: string | undefined;
};

export type ArtifactFacts = {
  readonly dataDir: string;
  readonly s3?: {
    readonly bucket: string;
    /** URL of the endpoint. */
    readonly where: string;
    readonly region: string;
    readonly clock?: ClockEstimate | undefined;
  };
  readonly trouble?: StoreTrouble | undefined;
  /** Of the file system that has the data folder; absent when it cannot be asked. */
  readonly freeBytes?: number | undefined;
  /** What captures take there now. */
  readonly keptBytes: number;
  readonly quotaBytes: number;
  /** What the store leaves free. */
  readonly leastFreeBytes: number;
};

const { well, mend } = findingsOf("artifacts");

export function judgeArtifacts(facts: ArtifactFacts): Finding[] {
  const { s3, trouble, dataDir } = facts;
  const where = s3 ? `bucket ${s3.bucket} at ${s3.where}` : dataDir;
  const kept = trouble
    ? mend(
        "store",
        `A small file could not be ${STEPS[trouble.step]} in ${where}: ${trouble.text}`,
        remedyOf(facts, trouble),
      )
    : well("store", `A small file was put, read and deleted in ${where}.`);
  return [kept, ...judgeStoreClock(s3?.clock), ...(s3 ? [] : judgeRoom(facts))];
}

const STEPS = { put: "put", get: "read", delete: "deleted" } as const;
const ACTIONS = { put: "s3:PutObject", get: "s3:GetObject", delete: "s3:DeleteObject and s3:ListBucket" } as const;

function remedyOf(facts: ArtifactFacts, trouble: StoreTrouble): string {
  const { s3, dataDir, leastFreeBytes } = facts;
  const { name, code, status, hint } = trouble;
  if (code === "EROFS" || code === "EACCES" || code === "EPERM")
    return `Set NETCHECK_DATA_DIR to a folder that netcheck's user may write (chown 1000 ${dataDir}; in Kubernetes: mount a volume there).`;
  if (name === "disk-full" || code === "ENOSPC" || code === "EDQUOT")
    return s3 && code === undefined && status !== undefined
      ? "Make room in the object store."
      : `Make room in ${dataDir}: ${Math.round(leastFreeBytes / 2 ** 20)} MiB are left free there; or set NETCHECK_DATA_DIR to a larger disk.`;
  if (!s3) return hint ?? `Set NETCHECK_DATA_DIR to a folder on a disk that works.`;
  const { bucket, region, where } = s3;
  switch (name) {
    case "NoSuchBucket":
      return `Make it (aws s3 mb s3://${bucket} --region ${region}), or correct NETCHECK_S3_BUCKET.`;
    case "InvalidAccessKeyId":
      return "Correct AWS_ACCESS_KEY_ID: the store does not know it.";
    case "SignatureDoesNotMatch":
      return "Correct AWS_SECRET_ACCESS_KEY: it does not belong to the access key.";
    case "ExpiredToken":
    case "ExpiredTokenException":
      return "Renew the temporary credential (AWS_SESSION_TOKEN).";
    case "CredentialsProviderError":
    case "TokenProviderError":
      return "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the service account a role.";
    case "RequestTimeTooSkewed":
      return `Here: ${SET_CLOCK}`;
    case "AuthorizationHeaderMalformed":
    case "PermanentRedirect":
    case "IllegalLocationConstraintException":
      return `Set NETCHECK_S3_REGION to the region of the bucket (now ${region}): aws s3api get-bucket-location --bucket ${bucket}.`;
  }
  if (code !== undefined) return remedyFor({ code, reason: name }, where, "NETCHECK_S3_ENDPOINT");
  if (status === 403) return `Allow ${ACTIONS[trouble.step]} on bucket ${bucket} to this credential.`;
  return hint ?? `Look at the object store (${where}), and at NETCHECK_S3_ENDPOINT and NETCHECK_S3_PATH_STYLE.`;
}

function judgeStoreClock(clock: ClockEstimate | undefined): Finding[] {
  const aheadMs = clock && otherThan(0, clock);
  if (clock === undefined) return [];
  if (aheadMs === undefined) return [well("clock", "This machine's is that of the object store.")];
  return [mend("clock", `This machine's is ${apartText(-aheadMs)} that of the object store.`, `Here: ${SET_CLOCK}`)];
}

function judgeRoom({ dataDir, freeBytes, keptBytes, quotaBytes, leastFreeBytes, trouble }: ArtifactFacts): Finding[] {
  if (freeBytes === undefined || trouble !== undefined) return [];
  const roomBytes = freeBytes + keptBytes - leastFreeBytes;
  const shown = `${gigabytes(keptBytes)} kept, ${gigabytes(freeBytes)} free, quota ${gigabytes(quotaBytes)}`;
  if (roomBytes >= quotaBytes) return [well("room", `${shown}.`)];
  const fits = Math.floor(roomBytes / 1e9);
  return [
    mend(
      "room",
      `${shown}: the disk of ${dataDir} is full before the quota lets old captures go.`,
      fits > 0
        ? `Set NETCHECK_ARTIFACT_QUOTA_GB=${fits}, or make room.`
        : `Make room in ${dataDir}, or use a larger disk.`,
    ),
  ];
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
