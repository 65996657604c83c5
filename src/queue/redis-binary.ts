import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { systemPath } from "../config.ts";
import { NetcheckError } from "../core/errors.ts";

const run = promisify(execFile);

const servers = ["redis-server", "valkey-server"];
/** Programs of util-linux that keep the server tied to its supervisor and its folder. */
const keepers = ["setpriv", "flock"];
const INSTALL = "apt-get install redis-server util-linux";

/** Also looked into: services are often started with a short PATH. */
const usualFolders = ["/usr/bin", "/usr/sbin", "/usr/local/bin"];
export const programFolders = (path: string = systemPath()): readonly string[] => [
  ...path.split(delimiter),
  ...usualFolders,
];

async function find(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const file = join(folder, name);
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder && usable) return file;
  }
  return undefined;
}

/** True for 6.2 and newer; false for what cannot be read. */
export function isNewEnough(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2);
}

/** Path of a server that is new enough. Throws `bad-config` with the command that installs what is missing. */
export async function findRedisServer(folders: readonly string[] = programFolders()): Promise<string> {
  for (const keeper of keepers)
    if (!(await find(keeper, folders)))
      throw new NetcheckError("bad-config", `The program ${keeper} is missing; the private Redis is started with it.`, {
        hint: `Run: ${INSTALL}`,
      });
  for (const name of servers) {
    const file = await find(name, folders);
    const version = file && /v=(\S+)/.exec((await run(file, ["--version"], { timeout: 5_000 })).stdout)?.[1];
    if (version && isNewEnough(version)) return file;
  }
  throw new NetcheckError(
    "bad-config",
    "No Redis server of version 6.2 or newer is installed, and NETCHECK_REDIS_URL is not set.",
    {
      hint: `Run: ${INSTALL} (the service that Debian starts on port 6379 is not used), or set NETCHECK_REDIS_URL.`,
    },
  );
}
