import { type Finding, findingsOf, listed } from "./finding.ts";
import { type Away, remedyFor } from "./network.ts";

/** What a server that answers says about itself (INFO), and whether it takes a write. */
export type RedisState = {
  readonly version: string;
  readonly role: string;
  readonly cluster: boolean;
  /** Absent when the server does not say. */
  readonly policy?: string | undefined;
  readonly appendOnly?: boolean | undefined;
  readonly replicas: number;
  readonly usedBytes: number;
  /** 0: no limit. */
  readonly maxBytes: number;
  /** The last write of the append-only file failed. */
  readonly fileFails: boolean;
  /** What the server said to a script that writes a small key, when it refused it. */
  readonly writeError?: string | undefined;
  /** How many workers of the cluster of this configuration run, and which clusters others have; absent when it cannot be read. */
  readonly workers?:
    | { readonly cluster: string; readonly alive: number; readonly elsewhere: readonly string[] }
    | undefined;
};

export type RedisFacts = {
  /** host:port, or `private` for the one in the data folder. */
  readonly where: string;
  readonly prefix: string;
  readonly answer:
    | { readonly outcome: "answered"; readonly state: RedisState }
    | { readonly outcome: "refused"; readonly error: string }
    | ({ readonly outcome: "away" } & Away)
    /** A private one, which bot or worker would start. */
    | { readonly outcome: "idle" }
    | { readonly outcome: "missing"; readonly error: string; readonly remedy: string };
};

const { well, mend, note, unseen } = findingsOf("Redis");
/** Checks come in bursts; a queue that is this full has no room for one. */
const FULL = 0.9;

/** `needsWorker`: it is a bot that asks, which has nobody to measure without one. */
export function judgeRedis(
  { where, prefix, answer }: RedisFacts,
  { needsWorker }: { readonly needsWorker: boolean },
): Finding[] {
  switch (answer.outcome) {
    case "missing":
      return [mend("server", answer.error, answer.remedy)];
    case "idle":
      return [
        well("server", "A private one is installed; bot or worker start it when they start."),
        unseen("settings", "it does not run at the moment."),
      ];
    case "away":
      return [
        mend("server", `${where} cannot be reached: ${answer.reason}.`, remedyFor(answer, where, "NETCHECK_REDIS_URL")),
      ];
    case "refused":
      return [mend("server", `${where} lets nobody in like this: ${answer.error}.`, passwordRemedy(answer.error))];
    case "answered":
      return [...judgeState(answer.state, { where, prefix }), ...(needsWorker ? judgeWorkers(answer.state) : [])];
  }
}

const passwordRemedy = (error: string): string =>
  /^NOAUTH/.test(error)
    ? "Put the password into NETCHECK_REDIS_URL: redis://:PASSWORD@host:6379/0."
    : /^NOPERM/.test(error)
      ? "Allow the user all commands on the keys of the prefix: ACL SETUSER NAME ~netcheck:* &* +@all."
      : "Correct user and password in NETCHECK_REDIS_URL: redis://USER:PASSWORD@host:6379/0; characters such as @ and / as %40 and %2F.";

function judgeState(state: RedisState, { where, prefix }: { where: string; prefix: string }): Finding[] {
  return [
    well("server", `${where} answers.`),
    judgeVersion(state.version),
    judgePolicy(state.policy),
    ...judgeFile(state),
    judgeMemory(state),
    ...(state.cluster && !prefix.startsWith("{")
      ? [
          mend(
            "cluster",
            "It is a Redis Cluster, and the prefix does not keep keys in one slot.",
            `Set NETCHECK_REDIS_PREFIX={${prefix}} for bot and workers.`,
          ),
        ]
      : []),
    judgeWriting(state),
  ];
}

function judgeVersion(version: string): Finding {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return note("version", "The server does not say its version; 6.2 or newer is needed.");
  const old = Number(major) < 6 || (Number(major) === 6 && Number(minor) < 2);
  return old
    ? mend("version", `Redis ${version} is too old.`, "Upgrade it to 6.2 or newer.")
    : well("version", `${version}.`);
}

function judgePolicy(policy: string | undefined): Finding {
  const look = "maxmemory-policy";
  if (policy === undefined)
    return note(look, "The server does not say it.", "Make sure of noeviction in its parameters.");
  if (policy === "noeviction") return well(look, "noeviction.");
  return mend(
    look,
    `With ${policy} the server throws away jobs and states of checks when memory is short.`,
    "redis-cli CONFIG SET maxmemory-policy noeviction, and the same in redis.conf or the service's parameter group.",
  );
}

function judgeFile({ appendOnly, replicas, fileFails }: RedisState): Finding[] {
  const look = "persistence";
  if (fileFails)
    return [mend(look, "The last write of the append-only file failed.", "Make room on the disk of the Redis server.")];
  if (appendOnly === undefined)
    return [note(look, "The server does not say it.", "Make sure that it keeps an append-only file.")];
  if (appendOnly) return [well(look, "It keeps an append-only file.")];
  if (replicas > 0)
    return [
      note(
        look,
        `There is no append-only file; ${replicas} replicas have what it holds, which a power cut of all loses.`,
      ),
    ];
  return [
    mend(
      look,
      "There is no append-only file: when Redis restarts, waiting and running checks are lost.",
      "redis-cli CONFIG SET appendonly yes, and the same in redis.conf.",
    ),
  ];
}

function judgeMemory({ usedBytes, maxBytes }: RedisState): Finding {
  const used = `${mebibytes(usedBytes)} used`;
  if (maxBytes === 0) return well("memory", `${used}, without a limit.`);
  if (usedBytes < maxBytes * FULL) return well("memory", `${used} of ${mebibytes(maxBytes)}.`);
  return mend(
    "memory",
    `${used} of ${mebibytes(maxBytes)}: soon nothing more is taken.`,
    `redis-cli CONFIG SET maxmemory ${Math.ceil((usedBytes * 2) / 2 ** 20)}mb, or a larger instance.`,
  );
}

function judgeWriting({ writeError, role }: RedisState): Finding {
  const look = "writing";
  if (writeError === undefined) return well(look, "A script may write a key.");
  const remedy =
    role === "slave" || /^READONLY/.test(writeError)
      ? "Point NETCHECK_REDIS_URL at the primary: this is a replica."
      : /^OOM/.test(writeError)
        ? "Give it more memory: redis-cli CONFIG SET maxmemory …"
        : /^NOPERM/.test(writeError)
          ? passwordRemedy(writeError)
          : /^MISCONF/.test(writeError)
            ? "Make room on the disk of the Redis server: it cannot save."
            : /^CLUSTERDOWN/.test(writeError)
              ? "Mend the Redis Cluster: redis-cli --cluster fix HOST:PORT."
              : "Make the server writable.";
  return mend(look, `The server takes no write: ${writeError}.`, remedy);
}

function judgeWorkers({ workers }: RedisState): Finding[] {
  if (workers === undefined) return [];
  const { cluster, alive, elsewhere } = workers;
  const look = "workers";
  if (alive > 0) return [well(look, `${alive} of the cluster ${cluster}.`)];
  if (elsewhere.length === 0)
    return [note(look, "None has been heard of yet; without one every command is answered with that.")];
  return [
    mend(
      look,
      `None of the cluster ${cluster} runs, but some of ${listed(elsewhere)}: commands that name no cluster are for ${cluster}.`,
      `Set NETCHECK_CLUSTER=${elsewhere[0]} for the bot, or start a worker with NETCHECK_CLUSTER=${cluster}.`,
    ),
  ];
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
