import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NetcheckError } from "#src/core/errors.ts";
import { findRedisServer, isNewEnough } from "#src/queue/redis-binary.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "netcheck-programs-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, says = ""): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\necho '${says}'\n`);
  await chmod(join(folder, name), 0o755);
}

test.each([
  { name: "nothing is installed", programs: {}, message: "The program setpriv is missing" },
  { name: "flock is missing", programs: { setpriv: "" }, message: "The program flock is missing" },
  {
    name: "the server is too old",
    programs: { setpriv: "", flock: "", "redis-server": "Redis server v=6.0.16 sha=0" },
    message: "No Redis server of version 6.2 or newer is installed",
  },
])("the command that installs Redis is named when $name", async ({ programs, message }) => {
  for (const [name, says] of Object.entries(programs)) await program(name, says);
  const failure = await findRedisServer([folder]).catch((error: unknown) => error);
  if (!(failure instanceof NetcheckError)) throw failure;
  expect(failure.code).toBe("bad-config");
  expect(failure.message).toContain(message);
  expect(failure.hint).toContain("apt-get install redis-server util-linux");
});

test("Valkey is taken when there is no Redis that is new enough", async () => {
  for (const keeper of ["setpriv", "flock"]) await program(keeper);
  await program("redis-server", "Redis server v=5.0.7 sha=0");
  await program("valkey-server", "Valkey server v=8.1.1 sha=0");
  expect(await findRedisServer([folder])).toBe(join(folder, "valkey-server"));
});

test.each([
  ["6.2.0", true],
  ["7.0.15", true],
  ["10.1", true],
  ["6.0.16", false],
  ["5.0.7", false],
  ["unstable", false],
])("version %s is new enough: %s", (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});
