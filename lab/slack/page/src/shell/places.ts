import type { Channel, LabState, User } from "#lab/slack/protocol.ts";

/** The channels a person finds in the list: those they are a member of, in the workspace's order. */
export const channelsOf = (state: LabState, actor: User): Channel[] =>
  state.channels.filter((channel) => !channel.is_im && channel.members.includes(actor.id));

/** Whether the person may look into a channel: a member, or the other end of a direct message with the app. */
export const mayOpen = (channel: Channel, actor: User): boolean =>
  channel.is_im ? channel.user === actor.id : channel.members.includes(actor.id);
