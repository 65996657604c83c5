import type { Channel, Team, User, UserGroup } from "../protocol.ts";

/** Who and what is in the workspace when the lab starts. */
export type Workspace = {
  readonly team: Team;
  /** The person at the keyboard. */
  readonly me: string;
  readonly users: readonly User[];
  readonly channels: readonly Channel[];
  readonly userGroups: readonly UserGroup[];
};

export const BOT_USER = "U0NETCHECK";
export const BOT_ID = "B0NETCHECK";
export const APP_ID = "A0NETCHECK";
/** Slack's own voice: failed commands, hints. */
export const SLACKBOT = "USLACKBOT";
const HOME_TEAM = "T0NETCHECK";
const CUSTOMER_TEAM = "T0ACMECORP";

const person = (id: string, name: string, realName: string, teamId = HOME_TEAM): User => ({
  id,
  name,
  real_name: realName,
  team_id: teamId,
  email: `${name}@${teamId === HOME_TEAM ? "netcheck.example" : "acme.example"}`,
  is_bot: false,
});

const channel = (id: string, name: string, members: readonly string[], more: Partial<Channel> = {}): Channel => ({
  id,
  name,
  is_private: false,
  is_im: false,
  is_ext_shared: false,
  is_pending_ext_shared: false,
  members,
  ...more,
});

/** The direct message between a person and the bot. */
export const directMessage = (user: User): Channel =>
  channel(`D${user.id.slice(1)}`, user.name, [user.id, BOT_USER], { is_private: true, is_im: true, user: user.id });

const alice = person("U0ALICE", "alice", "Alice Okafor");
const bob = person("U0BOB", "bob", "Bob Lindqvist");
const carol = person("U0CAROL", "carol", "Carol Reyes", CUSTOMER_TEAM);
const staff = [alice.id, bob.id];

/** Alice (at the keyboard) and Bob at home, Carol from a customer; the bot is in every channel but #random. */
export const defaultWorkspace: Workspace = {
  team: { id: HOME_TEAM, name: "Netcheck Lab", domain: "netcheck-lab" },
  me: alice.id,
  users: [alice, bob, carol],
  channels: [
    channel("C0ONCALL", "oncall", [...staff, BOT_USER]),
    channel("C0NETWORK", "network", [...staff, BOT_USER]),
    channel("C0RANDOM", "random", staff),
    channel("C0ACME", "customer-acme", [...staff, carol.id, BOT_USER], { is_ext_shared: true }),
    directMessage(alice),
  ],
  userGroups: [{ id: "S0ONCALLNET", handle: "oncall-net", name: "On-call network", users: staff }],
};
