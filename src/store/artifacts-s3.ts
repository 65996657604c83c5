import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { HeadObjectCommandOutput, S3Client } from "@aws-sdk/client-s3";
import { errorPolicy, NetcheckError } from "../core/errors.ts";
import { type Artifact, type ArtifactStore, type Keeping, validKey, whatGoes } from "./artifact.ts";
import { ArtifactCache } from "./artifact-cache.ts";
import { missing, onDisk } from "./artifact-errors.ts";
import { removeAbandoned, sumOf, writeWhole } from "./artifact-file.ts";
import { connectS3, type S3Place, type Sdk, withS3 } from "./s3-client.ts";

/** A connection that is silent for so long is given up. */
const SILENT_MS = 30_000;
/** And an exchange that is slower than this, on the whole. */
const SLOWEST_BYTES_PER_MS = 32;
const ATTEMPTS = 3;
/** Requests at a time where each object is asked. */
const AT_ONCE = 16;

type Options = Keeping & {
  readonly dataDir: string;
  readonly leastFreeBytes: number;
  readonly silentMs?: number;
};

/**
 * Artifacts as objects of an S3-compatible store. Each is put by one request whose body the server compares with the sha256 in its
 * signed header, so that it is there whole or not at all; the sum is kept as metadata. Only what workers need at the moment is
 * on this machine: streams on their way out, and copies that are being read.
 */
export function openS3Artifacts(place: S3Place, options: Options): ArtifactStore {
  const { dataDir, leastFreeBytes, silentMs = SILENT_MS, ...keeping } = options;
  const { bucket, prefix } = place;
  const outgoing = join(dataDir, "artifacts", ".incoming");
  const cache = new ArtifactCache(join(dataDir, "artifact-cache"), place.cacheBytes);
  let connected: Promise<{ sdk: Sdk; client: S3Client }> | undefined;
  const connect = () => {
    connected ??= connectS3(place, silentMs);
    return connected;
  };
  const nameOf = (key: string) => ({ Bucket: bucket, Key: `${prefix}${key}` });
  /** For `send`: how long an exchange of so many bytes may take. */
  const within = (bytes = 0) => ({
    abortSignal: AbortSignal.timeout(Math.ceil(2 * silentMs + bytes / SLOWEST_BYTES_PER_MS)),
  });

  /** Puts a file whose sum is known. Tried again where the store, and not the request, has failed. */
  async function upload(key: string, path: string, about: { bytes: number; sha256: string }): Promise<void> {
    const { sdk, client } = await connect();
    for (let attempt = 1; ; attempt++) {
      try {
        return await withS3(place, key, () => uploadOnce(key, path, about, { sdk, client }));
      } catch (error) {
        const again = error instanceof NetcheckError && errorPolicy[error.code].retry && error.code !== "disk-full";
        if (!again || attempt === ATTEMPTS) throw error;
        await pause(100 * 4 ** attempt);
      }
    }
  }

  async function uploadOnce(
    key: string,
    path: string,
    { bytes, sha256 }: { bytes: number; sha256: string },
    { sdk, client }: { sdk: Sdk; client: S3Client },
  ): Promise<void> {
    const body = createReadStream(path);
    const put = new sdk.PutObjectCommand({
      ...nameOf(key),
      Body: body,
      ContentLength: bytes,
      ContentType: "application/vnd.tcpdump.pcap",
      ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64"),
      Metadata: { sha256 },
    });
    // A part of the signature: every server that checks signatures checks the body with it.
    const signed = { "x-amz-content-sha256": sha256 };
    put.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: Record<string, string> }).headers, signed);
        return next(args);
      },
      { step: "build", name: "signedSha256" },
    );
    try {
      await client.send(put, within(bytes));
    } finally {
      body.destroy();
    }
  }

  /** What the store says of an object; undefined when there is none. */
  async function describe(key: string): Promise<Artifact | undefined> {
    const { sdk, client } = await connect();
    try {
      return readHead(
        key,
        await withS3(place, key, () => client.send(new sdk.HeadObjectCommand(nameOf(key)), within())),
      );
    } catch (error) {
      if (error instanceof NetcheckError && error.code === "not-found") return undefined;
      throw error;
    }
  }

  /** Key, bytes and time of everything below a folder. */
  async function listed(folder: string): Promise<readonly Omit<Artifact, "sha256">[]> {
    const { sdk, client } = await connect();
    const found: Omit<Artifact, "sha256">[] = [];
    let next: string | undefined;
    do {
      const page = await withS3(place, folder, () =>
        client.send(
          new sdk.ListObjectsV2Command({
            ...{ Bucket: bucket, Prefix: `${prefix}${folder}/` },
            ...(next === undefined ? {} : { ContinuationToken: next }),
          }),
          within(),
        ),
      );
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        const key = (Key ?? "").slice(prefix.length);
        if (isKey(key)) found.push({ key, bytes: Size ?? 0, storedMs: LastModified?.getTime() ?? 0 });
      }
      next = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (next !== undefined);
    return found;
  }

  /** One by one: not every server knows requests for many, or takes those of the SDK. */
  async function removeAll(keys: readonly string[]): Promise<void> {
    const { sdk, client } = await connect();
    await each(keys, (key) =>
      withS3(place, key, () => client.send(new sdk.DeleteObjectCommand(nameOf(key)), within())),
    );
  }

  return {
    async put(key, source, sha256) {
      validKey(key);
      if (sha256 !== undefined) {
        const before = await describe(key);
        if (before?.sha256 === sha256) return before;
      }
      return await onDisk(key, async () => {
        if (typeof source === "string") {
          const { size: bytes } = await stat(source);
          const about = { bytes, sha256: await sumOf(key, source, sha256) };
          await upload(key, source, about);
          return { key, ...about, storedMs: Date.now() };
        }
        const { path, ...about } = await writeWhole(key, source, { folder: outgoing, leastFreeBytes, sha256 });
        try {
          await upload(key, path, about);
          return { key, ...about, storedMs: Date.now() };
        } finally {
          await rm(path, { force: true });
        }
      });
    },

    async localPath(key) {
      const about = await describe(validKey(key));
      if (!about) throw missing(key);
      const { sha256, bytes } = about;
      return await onDisk(key, () =>
        cache.take(sha256, async () => {
          const { sdk, client } = await connect();
          return await withS3(place, key, async () => {
            const { Body } = await client.send(new sdk.GetObjectCommand(nameOf(key)), within(bytes));
            if (!Body) throw missing(key);
            const body = Body as AsyncIterable<Uint8Array>;
            return await writeWhole(key, body, { folder: cache.folder, leastFreeBytes, sha256 });
          });
        }),
      );
    },

    about: (key) => describe(validKey(key)),

    async list(folder) {
      const found = await listed(validKey(folder));
      const described = await each(found, ({ key }) => describe(key));
      return described.filter((one) => one !== undefined).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    },

    async remove(under) {
      await removeAll([validKey(under), ...(await listed(under)).map(({ key }) => key)]);
    },

    async link(key, seconds) {
      const { sdk, client } = await connect();
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      const file = validKey(key).split("/").slice(1).join("-");
      const command = new sdk.GetObjectCommand({
        ...nameOf(key),
        ResponseContentDisposition: `attachment; filename="${file}"`,
      });
      return await withS3(place, key, () => getSignedUrl(client, command, { expiresIn: seconds }));
    },

    async sweep(nowMs, running) {
      await onDisk("captures", async () => {
        await removeAbandoned(outgoing, nowMs);
        await cache.trim(nowMs);
      });
      const kept = await listed("captures");
      const swept = whatGoes(kept, { ...keeping, nowMs, running });
      const gone = new Set(swept.gone.map(({ check }) => check));
      await removeAll(kept.map(({ key }) => key).filter((key) => gone.has(key.split("/")[1] ?? "")));
      return swept;
    },
  };
}

/** Some at a time, in order. The first that fails ends it. */
async function each<T, R>(all: readonly T[], act: (one: T) => Promise<R>): Promise<readonly R[]> {
  const done: R[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE)
    done.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(act))));
  return done;
}

function readHead(key: string, head: HeadObjectCommandOutput): Artifact | undefined {
  const sha256 = head.Metadata?.["sha256"];
  // An object without it is none of ours.
  if (sha256 === undefined) return undefined;
  return { key, bytes: head.ContentLength ?? 0, sha256, storedMs: head.LastModified?.getTime() ?? 0 };
}

function isKey(text: string): boolean {
  try {
    return validKey(text) === text;
  } catch {
    return false;
  }
}
