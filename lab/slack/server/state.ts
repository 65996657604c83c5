import type { LabState } from "../protocol.ts";
import type { Lab } from "./lab.ts";
import { BOT_USER } from "./workspace.ts";
import { emit, userOf } from "./world.ts";

/** Everything a person could see, as one document. */
export function stateOfLab({ world, delivery }: Lab): LabState {
  return {
    team: world.team,
    me: userOf(world, world.me),
    bot: userOf(world, BOT_USER),
    users: [...world.users.values()],
    channels: [...world.channels.values()],
    commands: world.manifest.features.slash_commands.map(({ command, description, usage_hint, should_escape }) => ({
      command,
      description,
      usage_hint,
      should_escape,
    })),
    shortcuts: world.manifest.features.shortcuts.map(({ type, name, callback_id, description }) => ({
      type,
      name,
      callback_id,
      description,
    })),
    userGroups: [...world.userGroups.values()],
    messages: Object.fromEntries([...world.channels.keys()].map((id) => [id, world.messages.get(id) ?? []])),
    views: Object.fromEntries([...world.views].filter(([, open]) => open.length > 0)),
    home: Object.fromEntries(world.home),
    connections: delivery.hub.count(),
  };
}

/** Forgets everything said and done, scripted faults included; people, channels and connections stay. */
export function resetLab({ world, faults, rateLimits }: Lab): void {
  for (const kept of [world.messages, world.files, world.views, world.home]) kept.clear();
  world.log.length = 0;
  faults.clear();
  rateLimits.clear();
  emit(world, { type: "reset" });
}
