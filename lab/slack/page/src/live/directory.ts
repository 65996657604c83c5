import type { Channel, FileObject, LabState, Message, User } from "#lab/slack/protocol.ts";

/** Names behind the IDs that texts and blocks mention. */
export type Directory = {
  readonly user: (id: string) => User | undefined;
  readonly channel: (id: string) => Channel | undefined;
  /** Handle of a user group, without "@". */
  readonly group: (id: string) => string | undefined;
  readonly file: (id: string) => FileObject | undefined;
};

/** Looks things up in one state; files are found through the messages that carry them. */
export function directoryOf(state: LabState): Directory {
  const users = new Map([state.bot, state.me, ...state.users].map((user) => [user.id, user]));
  const channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  const groups = new Map(state.userGroups.map((group) => [group.id, group.handle]));
  let files: Map<string, FileObject> | undefined;
  const fileIndex = () =>
    new Map(
      Object.values(state.messages).flatMap((list) =>
        list.flatMap((message) => message.files ?? []).map((file) => [file.id, file]),
      ),
    );
  return {
    user: (id) => users.get(id),
    channel: (id) => channels.get(id),
    group: (id) => groups.get(id),
    file: (id) => {
      files ??= fileIndex();
      return files.get(id);
    },
  };
}

/** What a person is called in the message list. */
export const nameOf = (user: User): string => user.real_name || user.name;

/** Not a member of the workspace's own team: came in through a shared channel. */
export const isOutside = (user: User, state: LabState): boolean => user.team_id !== state.team.id;

/** Who sees a message: everybody, or for an ephemeral one its only reader. */
export const visibleTo = (userId: string) => (message: Message) =>
  message.ephemeral_for === undefined || message.ephemeral_for === userId;

/** Whether a message stands in the channel itself rather than only in a thread. */
export const inChannel = (message: Message): boolean =>
  message.thread_ts === undefined || message.thread_ts === message.ts || message.subtype === "thread_broadcast";
