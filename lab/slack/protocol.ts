/**
 * What the control API of the lab Slack speaks: types only, shared by the server, the page, the demo and the tests.
 * Times are Slack timestamps ("1690000000.000100") where they are called ts, Unix milliseconds where the name ends in Ms.
 */

/** Any JSON object whose fields the lab passes through unread. */
export type Json = { readonly [key: string]: unknown };

/** A Block Kit block as the app sent it; block_id is filled in when the app left it out. */
export type Block = Json & { readonly type: string; readonly block_id?: string };

export type Team = { readonly id: string; readonly name: string; readonly domain: string };

export type User = {
  readonly id: string;
  /** The handle, written @name. */
  readonly name: string;
  readonly real_name: string;
  /** A team other than the workspace's own makes the person an outside user (Slack Connect). */
  readonly team_id: string;
  readonly email?: string;
  readonly is_bot: boolean;
};

export type Channel = {
  readonly id: string;
  /** Without "#"; for a direct message the name of the person. */
  readonly name: string;
  readonly is_private: boolean;
  readonly is_im: boolean;
  readonly is_ext_shared: boolean;
  readonly is_pending_ext_shared: boolean;
  /** Direct messages: the person at the other end. */
  readonly user?: string;
  /** User IDs, the bot's among them where it is a member. */
  readonly members: readonly string[];
};

export type Command = {
  readonly command: string;
  readonly description: string;
  readonly usage_hint: string;
  readonly should_escape: boolean;
};

export type Shortcut = {
  readonly type: "message" | "global";
  readonly name: string;
  readonly callback_id: string;
  readonly description: string;
};

export type UserGroup = {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly users: readonly string[];
};

/** A Slack file object. `mimetype` and `shares` stay empty until Slack has "processed" the upload. */
export type FileObject = {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly mimetype: string;
  readonly filetype: string;
  readonly pretty_type: string;
  readonly size: number;
  readonly user: string;
  readonly created: number;
  readonly alt_txt?: string;
  /** Served without a token at this address, for the page. */
  readonly url_private: string;
  readonly url_private_download: string;
  readonly permalink: string;
  /** Pixels, for PNG images. */
  readonly original_w?: number;
  readonly original_h?: number;
  readonly shares: { readonly [visibility: string]: { readonly [channelId: string]: readonly Json[] } };
};

export type Reaction = { readonly name: string; readonly count: number; readonly users: readonly string[] };

export type Message = {
  readonly type: "message";
  readonly subtype?: string;
  readonly ts: string;
  /** Who wrote it. Messages of the app carry its bot user here, and bot_id, app_id and username besides. */
  readonly user: string;
  readonly bot_id?: string;
  readonly app_id?: string;
  readonly username?: string;
  readonly team?: string;
  readonly text: string;
  readonly blocks?: readonly Block[];
  readonly attachments?: readonly Json[];
  /** On replies the parent's ts; on a parent its own, once it has replies. */
  readonly thread_ts?: string;
  /** Author of the parent, on replies of people. */
  readonly parent_user_id?: string | undefined;
  readonly reply_count?: number;
  readonly reply_users?: readonly string[];
  readonly latest_reply?: string;
  readonly files?: readonly FileObject[];
  readonly reactions?: readonly Reaction[];
  readonly edited?: { readonly user: string; readonly ts: string };
  /** Only this user sees it; gone after a reset, never in the Web API. */
  readonly ephemeral_for?: string;
  /** Returned by the Web API only with include_all_metadata. */
  readonly metadata?: { readonly event_type: string; readonly event_payload: Json };
};

/** A modal or the Home tab. */
export type View = {
  readonly id: string;
  readonly type: "modal" | "home";
  readonly title?: Json;
  readonly submit?: Json;
  readonly close?: Json;
  readonly blocks: readonly Block[];
  readonly callback_id: string;
  readonly private_metadata: string;
  readonly external_id: string;
  readonly hash: string;
  readonly state: { readonly values: ViewValues };
  readonly clear_on_close: boolean;
  readonly notify_on_close: boolean;
  readonly root_view_id: string;
  readonly previous_view_id: string | null;
};

/** block_id → action_id → e.g. `{ value: "web-0" }` or `{ selected_option: { value: "tcp" } }`. */
export type ViewValues = { readonly [blockId: string]: { readonly [actionId: string]: Json } };

/** GET /lab/state */
export type LabState = {
  readonly team: Team;
  /** The person at the keyboard, unless told otherwise. */
  readonly me: User;
  /** The app's bot user. */
  readonly bot: User;
  readonly users: readonly User[];
  readonly channels: readonly Channel[];
  readonly commands: readonly Command[];
  readonly shortcuts: readonly Shortcut[];
  readonly userGroups: readonly UserGroup[];
  /** By channel ID, oldest first, replies included. */
  readonly messages: { readonly [channelId: string]: readonly Message[] };
  /** By user ID, the open modals, the visible one last. */
  readonly views: { readonly [userId: string]: readonly View[] };
  /** By user ID. */
  readonly home: { readonly [userId: string]: View };
  /** Open Socket Mode connections of the app; 0 means that nobody answers commands. */
  readonly connections: number;
};

/** One `data:` line of GET /lab/events. A client that reconnects reads /lab/state again. */
export type LabEvent =
  | { readonly type: "message"; readonly channel: string; readonly message: Message }
  | {
      readonly type: "message_changed";
      readonly channel: string;
      readonly message: Message;
      /** Only its reply counters changed. */
      readonly replies?: true;
    }
  | { readonly type: "ephemeral"; readonly channel: string; readonly user: string; readonly message: Message }
  | { readonly type: "message_deleted"; readonly channel: string; readonly ts: string }
  | { readonly type: "reaction"; readonly channel: string; readonly ts: string; readonly message: Message }
  | { readonly type: "file"; readonly file: FileObject }
  | { readonly type: "view"; readonly user: string; readonly view: View }
  | { readonly type: "view_closed"; readonly user: string; readonly view_id: string }
  | { readonly type: "channel"; readonly channel: Channel }
  | { readonly type: "home"; readonly user: string; readonly view: View }
  | { readonly type: "connections"; readonly connections: number }
  | { readonly type: "reset" };

export type LabFailure = "dispatch_failed" | "operation_timeout" | "invalid_command";

/** What became of something a person did. `ackMs` is missing when nobody acknowledged in time. */
export type Delivery = {
  /** Missing when there was nobody to deliver to. */
  readonly envelopeId?: string;
  readonly delivered: boolean;
  readonly ackMs?: number;
  readonly failed?: LabFailure;
  /** What the person sees instead, in Slack's words. */
  readonly notice?: string;
};

/** POST /lab/command */
export type CommandResult = Delivery & {
  /** The message in the acknowledgement itself, if any; answers through the response_url arrive as events. */
  readonly response?: { readonly text: string; readonly blocks?: readonly Block[]; readonly response_type: string };
};

/** POST /lab/view/submit; `errors` by block_id, also when a required input is empty and nothing was sent. */
export type SubmitResult = Delivery & {
  readonly response_action?: "errors" | "update" | "push" | "clear";
  readonly errors?: { readonly [blockId: string]: string };
};

/** POST /lab/message */
export type MessageResult = { readonly ts: string; readonly channel: string; readonly deliveries: number };

/** POST /lab/action. On a message: channel and message_ts; in a modal or the Home tab: view_id. */
export type ActionRequest = {
  readonly user: string;
  readonly channel?: string;
  readonly message_ts?: string;
  readonly view_id?: string;
  readonly block_id?: string;
  readonly action_id: string;
  /** Anything the element yields: value, selected_option(s), selected_user(s), selected_date, selected_time … */
  readonly value?: string;
  readonly selected_option?: { readonly value: string };
  readonly selected_options?: readonly { readonly value: string }[];
  /** false: the person pressed "No" in the confirmation dialog, and nothing is sent. */
  readonly confirm?: boolean;
  /** What the person had already filled in elsewhere in the view. */
  readonly values?: ViewValues;
  /** Send it although no such control is there (any more): a click that crossed an update. */
  readonly stale?: boolean;
  readonly [more: string]: unknown;
};

/** One row of GET /lab/log. */
export type LogEntry = {
  readonly atMs: number;
  readonly kind: "api" | "delivery" | "ack" | "response_url" | "upload" | "socket";
  /** API method, or type of the delivered envelope. */
  readonly name: string;
  readonly ok: boolean;
  readonly error?: string;
  readonly channel?: string;
  readonly envelopeId?: string;
  /** Which connection got it: a number for Socket Mode, "http" for a request URL. */
  readonly connection?: number | "http";
  readonly retryAttempt?: number;
  readonly ackMs?: number;
};
