import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ExecAccess } from "#src/cluster/exec.ts";
import { type Behaviour, STDOUT } from "./exec-server.ts";

/** Sends `size` bytes in 32 KiB frames as fast as the socket takes them, then the status. */
export const produce =
  (size: number): Behaviour =>
  async ({ send, status, close, ws }) => {
    const part = Buffer.alloc(32 * 1024, "x");
    for (let sent = 0; sent < size && ws.readyState === ws.OPEN; sent += part.length) await send(STDOUT, part);
    await status(0);
    close();
  };

/** Reads one exec in a process of its own, waiting after each MiB, so that its time and memory can be measured. */
export async function consumeElsewhere(
  access: ExecAccess,
  { waitMsPerMib }: { readonly waitMsPerMib: number },
): Promise<{ bytes: number; exitCode: number; ms: number; cpuMs: number; maxRssMb: number }> {
  const folder = await mkdtemp(join(tmpdir(), "netcheck-exec-"));
  try {
    const { ca } = await access.options();
    await writeFile(join(folder, "ca"), String(ca));
    const program = join(import.meta.dirname, "exec-consumer.ts");
    const args = [program, access.server(), join(folder, "ca"), String(waitMsPerMib)];
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}
