import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ExecOptions, openExec } from "#src/cluster/exec.ts";
import type { ExecError } from "#src/cluster/exec-error.ts";
import { runExec } from "#src/cluster/exec-run.ts";
import { consumeElsewhere, produce } from "#test/support/exec-load.ts";
import {
  type Behaviour,
  type ExecServer,
  execServer,
  type ServerExec,
  STDERR,
  STDOUT,
} from "#test/support/exec-server.ts";

// The numbers are those of the list of cases in docs/exec.md.
let server: ExecServer;
beforeAll(async () => {
  server = await execServer((exec) => exec.run());
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const MIB = 1024 * 1024;
const agent = { namespace: "netcheck", pod: "agent-1", container: "agent" };
const open = (command: readonly string[], options: Partial<ExecOptions>) =>
  openExec(server.access, { ...agent, command }, { timeoutMs: 30_000, ...options });
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it succeeded"),
    (error) => error as ExecError,
  );

describe("14: back-pressure", () => {
  test("frames reach an asynchronous sink in order, one at a time", async () => {
    server.behave(async ({ send, status, close }) => {
      for (let n = 0; n < 200; n++) await send(n % 3 === 0 ? STDERR : STDOUT, `${n} `);
      await status(0);
      close();
    });
    const seen: number[] = [];
    let inside = 0;
    const sink = async (bytes: Uint8Array) => {
      expect(++inside).toBe(1);
      const n = Number(Buffer.from(bytes).toString());
      await sleep(n % 7 === 0 ? 1 : 0);
      seen.push(n);
      inside--;
    };
    const exec = await open(["true"], { onStdout: sink, onStderr: sink });
    await exec.done;
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  test("a slow consumer of 600 MB needs less than 250 MB of memory", async () => {
    server.behave(produce(600 * MIB));
    const { bytes, exitCode, maxRssMb } = await consumeElsewhere(server.access, { waitMsPerMib: 12 });
    expect({ bytes, exitCode }).toEqual({ bytes: 600 * MIB, exitCode: 0 });
    expect(maxRssMb).toBeLessThan(250);
  });
});

describe("15: a sink that fails ends the exec", () => {
  test("when it throws", async () => {
    server.behave(produce(100 * MIB));
    const exec = await open(["true"], { onStdout: () => Promise.reject(new Error("disk full")) });
    const error = await failure(exec.done);
    expect(error).toMatchObject({ kind: "sink", cause: { message: "disk full" } });
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test("when collected output passes its cap", async () => {
    server.behave((exec) => exec.run());
    const request = { ...agent, command: ["flood"] };
    expect(await failure(runExec(server.access, request, { timeoutMs: 30_000, maxBytes: 1_000 }))).toMatchObject({
      kind: "sink",
    });
  });
});

test("16: a frame is a view, and collecting copies it", async () => {
  server.behave(async ({ send, status, close }) => {
    for (let n = 0; n < 50; n++) await send(STDOUT, Buffer.alloc(1_000, n));
    await status(0);
    close();
  });
  const { stdout } = await runExec(server.access, { ...agent, command: ["x"] }, { timeoutMs: 30_000, maxBytes: MIB });
  expect(
    [...Array(50).keys()].every((n) => stdout.subarray(n * 1_000, (n + 1) * 1_000).every((byte) => byte === n)),
  ).toBe(true);
});

describe("17: input", () => {
  test("end of file reaches the command on v5", async () => {
    server.behave((exec) => exec.run());
    const out: Buffer[] = [];
    const exec = await open(["sha256sum"], { stdin: true, onStdout: (bytes) => void out.push(Buffer.from(bytes)) });
    await exec.stdin.write(Buffer.from("hello"));
    exec.stdin.end();
    expect(await exec.done).toBe(0);
    expect(Buffer.concat(out).toString()).toContain("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  });

  test("v4 has no end of file: it is refused, and self-delimiting input keeps the exit code", async () => {
    await using old = await execServer((exec) => exec.run(), { protocols: ["v4.channel.k8s.io"] });
    const request = { ...agent, command: ["sh", "-c", "head -c 5 | grep -q hello && exit 9"] };
    const exec = await openExec(old.access, request, { timeoutMs: 30_000, stdin: true });
    expect(() => exec.stdin.end()).toThrow(expect.objectContaining({ kind: "api" }));
    await exec.stdin.write(Buffer.from("hello"));
    expect(await exec.done).toBe(9);
  });

  test("writing waits while more than 1 MiB is unsent", async () => {
    const reading = Promise.withResolvers<ServerExec>();
    server.behave((exec) => {
      exec.raw.pause();
      reading.resolve(exec);
    });
    const exec = await open(["true"], { stdin: true });
    const writing = exec.stdin.write(Buffer.alloc(64 * MIB));
    const served = await reading.promise;
    expect(await Promise.race([writing.then(() => "written"), sleep(300, "waiting")])).toBe("waiting");
    let got = 0;
    served.ws.on("message", (data: Buffer) => {
      got += data.length - 1;
    });
    served.raw.resume();
    await writing;
    await expect.poll(() => got).toBe(64 * MIB);
    await served.status(0);
    expect(await exec.done).toBe(0);
  });

  test("writing after the connection closed is `lost`", async () => {
    server.behave(({ ws }) => ws.close(1000));
    const exec = await open(["true"], { stdin: true });
    await failure(exec.done);
    expect(await failure(exec.stdin.write(Buffer.from("x")))).toMatchObject({ kind: "lost" });
    expect(() => exec.stdin.end()).toThrow(expect.objectContaining({ kind: "lost" }));
  });
});

describe("18: signs of life", () => {
  test("a black hole is found", async () => {
    server.behave(({ raw }) => {
      raw.pause(); // pings are never read, so never answered
    });
    const exec = await open(["true"], { pingMs: 100, deadMs: 300 });
    expect(await failure(exec.done)).toMatchObject({ kind: "lost", message: expect.stringContaining("silent") });
  });

  test("a quiet command with a living connection goes on", async () => {
    server.behave(async ({ ws, status, close }) => {
      for (let pings = 0; pings < 12; pings++) await once(ws, "ping");
      await status(5);
      close();
    });
    const exec = await open(["true"], { pingMs: 200, deadMs: 1_500 });
    expect(await exec.done).toBe(5);
  });

  test("nothing is pinged and nothing given up while the consumer holds back", async () => {
    let pings = 0;
    let pingsWhileHeld: number | undefined;
    server.behave(async (exec) => {
      exec.ws.on("ping", () => pings++);
      await produce(12 * MIB)(exec);
    });
    let bytes = 0;
    const exec = await open(["true"], {
      pingMs: 200,
      deadMs: 1_000,
      onStdout: async (part) => {
        if (bytes === 0) {
          // A busy machine may have been silent for long before the first byte; a ping of then may still be on its way.
          await sleep(100);
          const before = pings;
          await sleep(2_000);
          pingsWhileHeld = pings - before;
        }
        bytes += part.length;
      },
    });
    expect(await exec.done).toBe(0);
    expect(bytes).toBe(12 * MIB);
    expect(pingsWhileHeld).toBe(0);
  });
});

describe("20: a server that cuts the tail", () => {
  /** The command has ended: everything is handed to the socket at once and then it closes, as older API servers do. */
  const truncating: Behaviour = ({ ws, raw }) => {
    const part = Buffer.alloc(32 * 1024 + 1, STDOUT);
    for (let sent = 0; sent < 30 * MIB; sent += part.length - 1) ws.send(part);
    ws.send(Buffer.concat([Buffer.of(3), Buffer.from('{"status":"Success"}')]), () => raw.end());
  };

  test("30 of 30 MiB arrive although the reader is slow", async () => {
    server.behave(truncating);
    let bytes = 0;
    let frames = 0;
    const onStdout = async (part: Uint8Array) => {
      bytes += part.length;
      if (++frames % 32 === 0) await sleep(5);
    };
    const exec = await open(["true"], { onStdout, pingMs: 20 });
    expect(await exec.done).toBe(0);
    expect(bytes).toBe(30 * MIB);
  });

  test("with a command that waits for an acknowledgement nothing is lost, also under aggressive pings", async () => {
    server.behave((exec) => exec.run());
    let bytes = 0;
    const script = `head -c ${30 * MIB} /dev/zero; read -r _`;
    const exec = await open(["sh", "-c", script], {
      stdin: true,
      pingMs: 10,
      onStdout: async (part) => {
        bytes += part.length;
        if (bytes % (4 * MIB) < part.length) await sleep(20);
        if (bytes === 30 * MIB) await exec.stdin.write(Buffer.from("\n"));
      },
    });
    expect(await exec.done).toBe(0);
    expect(bytes).toBe(30 * MIB);
  });
});

describe("21: throughput", () => {
  test("is far from copying each frame again and again: 20 MB over TLS per second of the client's CPU", async () => {
    server.behave(produce(200 * MIB));
    const { bytes, cpuMs } = await consumeElsewhere(server.access, { waitMsPerMib: 0 });
    expect(bytes).toBe(200 * MIB);
    expect(bytes / 1e3 / cpuMs).toBeGreaterThan(20);
  });

  test("20 execs at once do not mix", async () => {
    server.behave((exec) => exec.run());
    const words = Array.from({ length: 20 }, () => randomBytes(8).toString("hex"));
    const results = await Promise.all(
      words.map((word) =>
        runExec(
          server.access,
          { ...agent, command: ["sh", "-c", 'yes "$0" | head -n 2000; exit $1', word, String(word.charCodeAt(0))] },
          { timeoutMs: 20_000, maxBytes: MIB },
        ),
      ),
    );
    for (const [index, word] of words.entries()) {
      expect(results[index]?.exitCode).toBe(word.charCodeAt(0));
      expect(results[index]?.stdout.toString()).toBe(`${word}\n`.repeat(2_000));
    }
  });
});
