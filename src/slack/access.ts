import { WebAPIPlatformError, type WebClient } from "@slack/web-api";
import { Cache } from "./cache.ts";

export type Denial = "external" | "not-listed" | "unverified";

/** Who may use netcheck: people of our own workspace, and if there are lists, only those on them. */
export type Access = {
  /** Undefined when the person may. `vouched` is the team named in a slash command, used while Slack gives no answer. Never throws. */
  readonly deny: (user: string, vouched?: string) => Promise<Denial | undefined>;
  /** Group memberships changed: look them up again. */
  readonly forgetGroups: () => void;
};

const USER_TTL_MS = 10 * 60_000;
const GROUPS_FRESH_MS = 5 * 60_000;
const GROUPS_USABLE_MS = 60 * 60_000;

/**
 * Decides by identity, never by channel: people of other organisations can mention the bot and press its buttons in
 * shared channels, and an event's own team field is not reliable. Without an answer from Slack the door stays closed,
 * except that group lists up to an hour old are still used. `team` is the id of our own workspace.
 */
export function createAccess({
  client,
  team,
  allowedUsers,
  allowedGroups,
  nowMs = Date.now,
}: {
  readonly client: WebClient;
  readonly team: () => string;
  readonly allowedUsers: readonly string[];
  readonly allowedGroups: readonly string[];
  readonly nowMs?: () => number;
}): Access {
  const teams = new Cache<string>({ ttlMs: USER_TTL_MS, nowMs });
  let groups: { readonly atMs: number; readonly users: ReadonlySet<string> } | undefined;
  let groupsAreOld = false;
  let loading: Promise<void> | undefined;

  async function teamOf(user: string, vouched: string | undefined): Promise<string | undefined> {
    const known = teams.get(user);
    if (known !== undefined) return known;
    try {
      const { user: found } = await client.users.info({ user });
      const id = found?.team_id;
      if (id !== undefined) teams.set(user, id);
      return id;
    } catch (error) {
      if (vouched !== undefined && !isHidden(error)) return vouched;
      throw error;
    }
  }

  async function loadGroups(): Promise<void> {
    const { usergroups = [] } = await client.usergroups.list({ include_users: true });
    const wanted = usergroups.filter(({ handle }) => handle !== undefined && allowedGroups.includes(handle));
    groups = { atMs: nowMs(), users: new Set(wanted.flatMap(({ users }) => users ?? [])) };
    groupsAreOld = false;
  }

  async function inGroup(user: string): Promise<boolean> {
    if (allowedGroups.length === 0) return false;
    const ageMs = groups === undefined ? Number.POSITIVE_INFINITY : nowMs() - groups.atMs;
    if (ageMs > GROUPS_FRESH_MS || groupsAreOld) {
      loading ??= loadGroups().finally(() => {
        loading = undefined;
      });
      // A list that can still be used answers while Slack is away.
      await loading.catch((error: unknown) => {
        if (ageMs > GROUPS_USABLE_MS) throw error;
      });
    }
    return groups?.users.has(user) ?? false;
  }

  return {
    async deny(user, vouched) {
      try {
        if ((await teamOf(user, vouched)) !== team()) return "external";
        if (allowedUsers.length + allowedGroups.length === 0 || allowedUsers.includes(user)) return undefined;
        return (await inGroup(user)) ? undefined : "not-listed";
      } catch (error) {
        return isHidden(error) ? "external" : "unverified";
      }
    },
    forgetGroups() {
      groupsAreOld = true;
    },
  };
}

/** A person whom Slack does not show to us is not one of ours. */
const isHidden = (error: unknown): boolean =>
  error instanceof WebAPIPlatformError && /^user_not_(found|visible)$/.test(error.data.error);
