import type { ArtifactStore, Keeping } from "./artifact.ts";
import { openDiskArtifacts } from "./artifacts-disk.ts";
import { openS3Artifacts } from "./artifacts-s3.ts";
import type { S3Place } from "./s3-client.ts";

export type ArtifactConfig = Keeping & {
  /** Absent: on the disk, below the data folder. */
  readonly s3: S3Place | undefined;
};

/** Free bytes that artifacts leave on a disk: the private Redis is perhaps on it, and stops when it is full. */
export const LEAST_FREE_BYTES = 256 << 20;

/**
 * Opens the store that is configured. Nothing is asked of it yet, nor is the AWS SDK loaded where there is no S3. An object store
 * that is silent for `silentMs` is given up.
 */
export function openArtifacts(
  { dataDir, artifacts: { s3, ...keeping } }: { readonly dataDir: string; readonly artifacts: ArtifactConfig },
  { silentMs }: { readonly silentMs?: number } = {},
): ArtifactStore {
  const options = {
    ...keeping,
    dataDir,
    leastFreeBytes: LEAST_FREE_BYTES,
    ...(silentMs !== undefined && { silentMs }),
  };
  return s3 ? openS3Artifacts(s3, options) : openDiskArtifacts(options);
}
