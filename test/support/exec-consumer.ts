import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openExec } from "#src/cluster/exec.ts";

// Reads an exec's output and prints what that took: { bytes, exitCode, ms, cpuMs, maxRssMb }.
// Arguments: URL, file with the server's certificate, milliseconds to wait after each MiB.
const [url = "", certificate = "", waitMs = "0"] = process.argv.slice(2);
const ca = readFileSync(certificate);
let bytes = 0;
let pausedAt = 0;
const beganMs = performance.now();
const beganCpu = process.cpuUsage();
const exec = await openExec(
  { server: () => url, options: async () => ({ ca }) },
  { namespace: "netcheck", pod: "agent-1", container: "agent", command: ["produce"] },
  {
    timeoutMs: 60_000,
    onStdout: (part) => {
      bytes += part.length;
      if (waitMs === "0" || bytes - pausedAt < 1024 * 1024) return;
      pausedAt = bytes;
      return sleep(Number(waitMs));
    },
  },
);
const exitCode = await exec.done;
const ms = Math.round(performance.now() - beganMs);
const { user, system } = process.cpuUsage(beganCpu);
const cpuMs = Math.round((user + system) / 1_000);
const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(`${JSON.stringify({ bytes, exitCode, ms, cpuMs, maxRssMb })}\n`);
