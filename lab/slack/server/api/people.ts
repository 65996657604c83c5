import type { Json, User, UserGroup } from "../../protocol.ts";
import { ApiError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { isOutsider } from "../world.ts";
import { type ApiMethod, knownUser } from "./method.ts";

function profileOf({ world }: Lab, user: User): Json {
  const { id, name, real_name, team_id, email, is_bot } = user;
  const mayReadEmail = world.scopes.has("users:read.email") && email !== undefined;
  return {
    id,
    team_id,
    name,
    real_name,
    deleted: false,
    is_bot,
    is_app_user: false,
    tz: "Etc/UTC",
    tz_offset: 0,
    profile: { real_name, display_name: name, team: team_id, ...(mayReadEmail && { email }) },
    ...(isOutsider(world, user) && { is_stranger: false, is_restricted: false }),
  };
}

function groupOf(lab: Lab, group: UserGroup, withUsers: boolean): Json {
  const { id, handle, name, users } = group;
  return {
    id,
    team_id: lab.world.team.id,
    is_usergroup: true,
    handle,
    name,
    description: "",
    is_external: false,
    date_delete: 0,
    user_count: users.length,
    ...(withUsers && { users }),
  };
}

export const people = {
  "users.info": {
    scope: "users:read",
    limit: "T4",
    token: "bot",
    handle: (lab, args) => ({ user: profileOf(lab, knownUser(lab, args.need("user"))) }),
  },
  "users.lookupByEmail": {
    scope: "users:read.email",
    limit: "T3",
    token: "bot",
    handle: (lab, args) => {
      const email = args.need("email").toLowerCase();
      const found = [...lab.world.users.values()].find((user) => user.email === email);
      if (!found || isOutsider(lab.world, found)) throw new ApiError("users_not_found");
      return { user: profileOf(lab, found) };
    },
  },
  "usergroups.list": {
    scope: "usergroups:read",
    limit: "T2",
    token: "bot",
    handle: (lab, args) => ({
      usergroups: [...lab.world.userGroups.values()].map((group) => groupOf(lab, group, args.flag("include_users"))),
    }),
  },
  "usergroups.users.list": {
    scope: "usergroups:read",
    limit: "T2",
    token: "bot",
    handle: (lab, args) => {
      const group = lab.world.userGroups.get(args.need("usergroup"));
      if (!group) throw new ApiError("no_such_subteam");
      return { users: group.users };
    },
  },
} as const satisfies Record<string, ApiMethod>;
