import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type {
  ActionRequest,
  Channel,
  CommandResult,
  Delivery,
  Json,
  LabEvent,
  LabState,
  LogEntry,
  Message,
  MessageResult,
  SubmitResult,
  User,
  UserGroup,
  ViewValues,
} from "./protocol.ts";
import { connectEvents } from "./server/app-events.ts";
import { dismissView, openHome, pickShortcut, pressControl, submitView } from "./server/clicks.ts";
import { LabClock } from "./server/clock.ts";
import { type Disturbance, disturb } from "./server/control.ts";
import { createDelivery } from "./server/delivery.ts";
import { createFaults, defaultQuirks } from "./server/faults.ts";
import type { Lab } from "./server/lab.ts";
import { loadManifest, type ManifestInput } from "./server/manifest.ts";
import { threadOf } from "./server/messages.ts";
import { invite, react, sendCommand, sendMessage, setUserGroup, shareChannel } from "./server/people.ts";
import { createRateLimits } from "./server/rate-limits.ts";
import { handleRequest } from "./server/router.ts";
import { resetLab, stateOfLab } from "./server/state.ts";
import { createTriggers } from "./server/triggers.ts";
import { waitForConnections, waitForMessage } from "./server/wait.ts";
import { defaultWorkspace } from "./server/workspace.ts";
import { createWorld, newTokens, type Tokens } from "./server/world.ts";

export type SlackOptions = {
  /** TCP port on 127.0.0.1; 0 takes a free one. */
  readonly port?: number;
  /** The app's manifest: a path, or the object. It decides scopes, commands, events and shortcuts. */
  readonly manifest?: string | ManifestInput;
  readonly teamName?: string;
  readonly users?: readonly User[];
  readonly channels?: readonly Channel[];
  readonly userGroups?: readonly UserGroup[];
  /** Whether the scopes under bot_optional were granted at installation. */
  readonly optionalScopes?: boolean;
  /** Keeps tokens over a restart; new ones otherwise. */
  readonly tokens?: Tokens;
  /** A folder of static files served at "/". */
  readonly pageDir?: string;
  readonly clock?: LabClock;
};

/** A running lab Slack. Everything the control API does is a method here too. */
export type LabSlack = AsyncDisposable & {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  /** For `clientOptions.slackApiUrl`. */
  readonly apiUrl: string;
  readonly port: number;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly clock: LabClock;

  readonly state: () => LabState;
  readonly log: () => readonly LogEntry[];
  /** Calls back on every change; the returned function ends that. */
  readonly watch: (listener: (event: LabEvent) => void) => () => void;
  /**
   * The first message that the predicate accepts: among those already there (newest state), then among new and changed
   * ones. `fresh` looks only at what happens from now on. Rejects after `timeoutMs` and says what was there instead.
   */
  readonly waitFor: (
    predicate: (message: Message, channel: string) => boolean,
    options?: { readonly timeoutMs?: number; readonly fresh?: boolean },
  ) => Promise<Message>;
  /** Resolves when the app has at least (or, with 0, no) this many Socket Mode connections. */
  readonly connections: (count: number, options?: { readonly timeoutMs?: number }) => Promise<void>;
  /** A parent message and its replies, oldest first. */
  readonly thread: (channel: string, ts: string) => readonly Message[];
  readonly file: (id: string) => Buffer | undefined;

  readonly command: (request: Spoken) => Promise<CommandResult>;
  readonly message: (request: Spoken) => MessageResult;
  readonly action: (request: ActionRequest) => Promise<Delivery>;
  readonly submitView: (request: {
    readonly user: string;
    readonly view_id: string;
    readonly values: ViewValues;
  }) => Promise<SubmitResult>;
  readonly closeView: (request: {
    readonly user: string;
    readonly view_id: string;
    readonly clear?: boolean;
  }) => Promise<Delivery>;
  readonly shortcut: (request: {
    readonly user: string;
    readonly callback_id: string;
    readonly channel?: string;
    readonly message_ts?: string;
  }) => Promise<Delivery>;
  readonly openHome: (request: { readonly user: string }) => { readonly delivered: boolean };
  readonly react: (request: {
    readonly user: string;
    readonly channel: string;
    readonly message_ts: string;
    readonly name: string;
    readonly remove?: boolean;
  }) => void;
  readonly invite: (request: { readonly user: string; readonly channel: string }) => Channel;
  readonly setUserGroup: (request: { readonly handle: string; readonly users: readonly string[] }) => UserGroup;
  readonly shareChannel: (request: {
    readonly channel: string;
    readonly shared: boolean;
    readonly pending?: boolean;
  }) => Channel;
  /** A scripted fault, a quirk, or something done to the connections; see control.ts. */
  readonly disturb: (request: Disturbance) => Promise<Json>;
  readonly reset: () => void;
  /** Takes the whole service away: connections cut, port closed. What was said stays. */
  readonly goOffline: () => Promise<void>;
  /** Brings it back on the same port. */
  readonly goOnline: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

type Spoken = { readonly channel: string; readonly user: string; readonly text: string; readonly thread_ts?: string };

const MANIFEST = new URL("../../manifest.yml", import.meta.url).pathname;

/** Starts a Slack on 127.0.0.1 that behaves as the real one does, only stricter. */
export async function startSlack(options: SlackOptions = {}): Promise<LabSlack> {
  const { port = 0, manifest = MANIFEST, teamName = defaultWorkspace.team.name, pageDir } = options;
  const clock = options.clock ?? new LabClock();
  const tokens = options.tokens ?? newTokens();
  const workspace = {
    ...defaultWorkspace,
    team: { ...defaultWorkspace.team, name: teamName },
    ...(options.users && { users: options.users }),
    ...(options.channels && { channels: options.channels }),
    ...(options.userGroups && { userGroups: options.userGroups }),
  };
  const me = workspace.users.some(({ id }) => id === workspace.me) ? workspace.me : (workspace.users[0]?.id ?? "");
  const world = createWorld(
    { ...workspace, me },
    { clock, tokens, manifest: await loadManifest(manifest), optionalScopes: options.optionalScopes ?? true },
  );
  const lab: Lab = {
    world,
    delivery: createDelivery(world),
    triggers: createTriggers(world),
    faults: createFaults(),
    rateLimits: createRateLimits(),
    quirks: { ...defaultQuirks },
  };
  connectEvents(lab);

  const server = createServer((request, response) => void handleRequest(lab, pageDir, request, response));
  server.on("upgrade", lab.delivery.hub.upgrade);
  const listen = async (on: number): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen(on, "127.0.0.1", resolve);
    await promise;
    server.off("error", reject);
    return (server.address() as AddressInfo).port;
  };
  const actualPort = await listen(port);
  world.baseUrl = `http://127.0.0.1:${actualPort}`;

  const goOffline = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    lab.delivery.hub.cut();
    server.closeAllConnections();
    await promise;
  };
  const stop = async (): Promise<void> => {
    clock.clear();
    await lab.delivery.hub.close();
    if (server.listening) await goOffline();
    clock.clear();
  };

  return {
    url: world.baseUrl,
    apiUrl: `${world.baseUrl}/api/`,
    port: actualPort,
    botToken: tokens.bot,
    appToken: tokens.app,
    signingSecret: tokens.signingSecret,
    clock,
    state: () => stateOfLab(lab),
    log: () => world.log,
    watch: (listener) => {
      world.changes.on("change", listener);
      return () => void world.changes.off("change", listener);
    },
    waitFor: (predicate, waiting) => waitForMessage(world, predicate, waiting),
    connections: (count, waiting) => waitForConnections(lab, count, waiting),
    thread: (channel, ts) => threadOf(world, channel, ts),
    file: (id) => world.files.get(id)?.bytes,
    command: (request) => sendCommand(lab, request),
    message: (request) => sendMessage(lab, request),
    action: (request) => pressControl(lab, request),
    submitView: (request) => submitView(lab, request),
    closeView: (request) => dismissView(lab, request),
    shortcut: (request) => pickShortcut(lab, request),
    openHome: (request) => openHome(lab, request),
    react: (request) => react(lab, request),
    invite: (request) => invite(lab, request),
    setUserGroup: (request) => setUserGroup(lab, request),
    shareChannel: (request) => shareChannel(lab, request),
    disturb: (request) => disturb(lab, request),
    reset: () => resetLab(lab),
    goOffline,
    goOnline: async () => void (await listen(actualPort)),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
