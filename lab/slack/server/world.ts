import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Channel, FileObject, LabEvent, LogEntry, Message, Team, User, UserGroup, View } from "../protocol.ts";
import type { LabClock } from "./clock.ts";
import { LabError } from "./errors.ts";
import type { Manifest } from "./manifest.ts";
import { BOT_USER, SLACKBOT, type Workspace } from "./workspace.ts";

/** An upload: what the API shows of it, its bytes, and what happens to it until it is ready. */
export type StoredFile = {
  object: FileObject;
  bytes: Buffer | undefined;
  readonly announcedBytes: number;
  completed: boolean;
};

export type Tokens = { readonly bot: string; readonly app: string; readonly signingSecret: string };

/** Everything the lab Slack knows. Messages, channels and views are replaced, never changed in place. */
export type World = {
  readonly clock: LabClock;
  readonly manifest: Manifest;
  readonly tokens: Tokens;
  /** Bot scopes that the app holds. */
  readonly scopes: ReadonlySet<string>;
  readonly team: Team;
  readonly me: string;
  readonly users: Map<string, User>;
  readonly channels: Map<string, Channel>;
  readonly userGroups: Map<string, UserGroup>;
  /** By channel, oldest first, ephemeral ones among them. */
  readonly messages: Map<string, Message[]>;
  readonly files: Map<string, StoredFile>;
  readonly views: Map<string, View[]>;
  readonly home: Map<string, View>;
  readonly log: LogEntry[];
  readonly changes: EventEmitter<{ change: [LabEvent] }>;
  /** Address of the server without a trailing slash; known once it listens. */
  baseUrl: string;
  lastTsMicros: number;
};

const LOG_ROWS = 2_000;
const secret = (bytes: number): string => randomBytes(bytes).toString("hex");

export const newTokens = (): Tokens => ({
  bot: `xoxb-${secret(6)}-${secret(12)}`,
  app: `xapp-1-${secret(6)}-${secret(24)}`,
  signingSecret: secret(16),
});

const slackbot = (team: Team): User => ({
  id: SLACKBOT,
  name: "slackbot",
  real_name: "Slackbot",
  team_id: team.id,
  is_bot: true,
});

/** Builds the world of a workspace with nothing said in it yet. */
export function createWorld(
  workspace: Workspace,
  given: Pick<World, "clock" | "manifest" | "tokens"> & { optionalScopes: boolean },
): World {
  const { clock, manifest, tokens, optionalScopes } = given;
  const { bot, bot_optional } = manifest.oauth_config.scopes;
  const botName = manifest.features.bot_user?.display_name ?? manifest.display_information.name;
  const { team } = workspace;
  const botUser: User = { id: BOT_USER, name: botName, real_name: botName, team_id: team.id, is_bot: true };
  const users = [botUser, slackbot(team), ...workspace.users];
  return {
    clock,
    manifest,
    tokens,
    scopes: new Set(optionalScopes ? [...bot, ...bot_optional] : bot),
    team,
    me: workspace.me,
    users: new Map(users.map((user) => [user.id, user])),
    channels: new Map(workspace.channels.map((channel) => [channel.id, channel])),
    userGroups: new Map(workspace.userGroups.map((group) => [group.id, group])),
    messages: new Map(),
    files: new Map(),
    views: new Map(),
    home: new Map(),
    log: [],
    changes: new EventEmitter<{ change: [LabEvent] }>().setMaxListeners(0),
    baseUrl: "",
    lastTsMicros: 0,
  };
}

/** A fresh Slack timestamp: seconds with six digits, never the same twice. */
export function nextTs(world: World): string {
  const micros = Math.max(world.clock.nowMs() * 1_000, world.lastTsMicros + 100);
  world.lastTsMicros = micros;
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, "0")}`;
}

/** A Slack-like id: one letter and ten upper-case characters. */
export const newId = (prefix: string): string =>
  prefix + [...randomBytes(10)].map((byte) => "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"[byte % 32]).join("");

export const emit = (world: World, event: LabEvent): void => void world.changes.emit("change", event);

/** Adds a row to the bounded log; the oldest row gives way. */
export function record(world: World, entry: Omit<LogEntry, "atMs">): void {
  world.log.push({ atMs: world.clock.nowMs(), ...entry });
  if (world.log.length > LOG_ROWS) world.log.shift();
}

export function userOf(world: World, id: string): User {
  const user = world.users.get(id);
  if (!user) throw new LabError(`There is no user ${id}.`, { status: 404 });
  return user;
}

export function channelOf(world: World, id: string): Channel {
  const channel = world.channels.get(id);
  if (!channel) throw new LabError(`There is no channel ${id}.`, { status: 404 });
  return channel;
}

export const isOutsider = (world: World, user: User): boolean => user.team_id !== world.team.id;

/** Replaces a channel and tells everybody who watches. */
export function changeChannel(world: World, channel: Channel): void {
  world.channels.set(channel.id, channel);
  emit(world, { type: "channel", channel });
}
