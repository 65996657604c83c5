// A process that puts large artifacts under one key, for tests that kill it in the middle: says how often it was done.
import { openDiskArtifacts } from "#src/store/artifacts-disk.ts";

const [dataDir = "", key = ""] = process.argv.slice(2);
const store = openDiskArtifacts({ dataDir, days: 1, quotaBytes: 1e12, leastFreeBytes: 0 });
for (let round = 0; ; round++) {
  async function* content(): AsyncGenerator<Uint8Array> {
    for (let chunk = 0; chunk < 64; chunk++) yield Buffer.alloc(64 << 10, round & 255);
  }
  process.stdout.write(`${JSON.stringify(await store.put(key, content()))}\n`);
}
