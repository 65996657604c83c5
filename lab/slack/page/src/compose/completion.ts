import type { Channel, Command, User, UserGroup } from "#lab/slack/protocol.ts";
import { emoji } from "../text/emoji.ts";

type Choice = {
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  /** Takes the place of what was typed so far. */
  readonly insert: string;
};

export type Completion = {
  readonly kind: "command" | "mention" | "channel" | "emoji";
  /** Where the typed beginning starts; it ends at the caret. */
  readonly from: number;
  readonly choices: readonly Choice[];
};

export type Completable = {
  readonly users: readonly User[];
  readonly userGroups: readonly UserGroup[];
  readonly channels: readonly Channel[];
  /** Empty in threads, where Slack knows no commands of apps. */
  readonly commands: readonly Command[];
};

const MAX_CHOICES = 8;

/** What could be meant by the word before the caret; undefined when there is nothing to offer. */
export function completionAt(text: string, caret: number, known: Completable): Completion | undefined {
  const before = text.slice(0, caret);
  const command = /^\/\S*$/.exec(before)?.[0];
  if (command !== undefined) return offer("command", 0, commandChoices(command, known.commands));
  const word = /(?:^|[\s(])(@[\p{L}\p{N}._-]*|#[\p{L}\p{N}_-]*|:[a-z0-9_+-]{2,})$/u.exec(before)?.[1];
  if (word === undefined) return undefined;
  const from = caret - word.length;
  const typed = word.slice(1).toLowerCase();
  if (word[0] === "@") return offer("mention", from, mentionChoices(typed, known));
  if (word[0] === "#") return offer("channel", from, channelChoices(typed, known.channels));
  return offer("emoji", from, emojiChoices(typed));
}

function offer(kind: Completion["kind"], from: number, choices: readonly Choice[]): Completion | undefined {
  return choices.length > 0 ? { kind, from, choices: choices.slice(0, MAX_CHOICES) } : undefined;
}

const commandChoices = (typed: string, commands: readonly Command[]): Choice[] =>
  commands
    .filter(({ command }) => command.startsWith(typed.toLowerCase()))
    .map(({ command, usage_hint, description }) => ({
      key: command,
      label: `${command} ${usage_hint}`.trim(),
      hint: description,
      insert: `${command} `,
    }));

/** The words that mean everybody. */
const broadcasts = ["here", "channel", "everyone"] as const;

function mentionChoices(typed: string, { users, userGroups }: Completable): Choice[] {
  const fits = ({ name, real_name }: User) =>
    name.toLowerCase().startsWith(typed) ||
    real_name
      .toLowerCase()
      .split(/\s+/)
      .some((part) => part.startsWith(typed));
  const people = users
    .filter(fits)
    .toSorted((a, b) => Number(b.is_bot) - Number(a.is_bot) || a.name.localeCompare(b.name));
  const groups = userGroups.filter(({ handle }) => handle.startsWith(typed));
  const everybody = broadcasts.filter((word) => typed !== "" && word.startsWith(typed));
  return [
    ...people.map((user) => ({
      key: user.id,
      label: `@${user.name}`,
      hint: user.is_bot ? `${user.real_name} · app` : user.real_name,
      insert: `@${user.name} `,
    })),
    ...groups.map(({ id, handle, name }) => ({
      key: id,
      label: `@${handle}`,
      hint: `${name} · group`,
      insert: `@${handle} `,
    })),
    ...everybody.map((word) => ({
      key: word,
      label: `@${word}`,
      hint: "Everybody in this channel",
      insert: `@${word} `,
    })),
  ];
}

const channelChoices = (typed: string, channels: readonly Channel[]): Choice[] =>
  channels
    .filter(({ name, is_im }) => !is_im && name.toLowerCase().startsWith(typed))
    .map(({ id, name, is_private }) => ({
      key: id,
      label: `#${name}`,
      hint: is_private ? "Private channel" : "",
      insert: `#${name} `,
    }));

const emojiChoices = (typed: string): Choice[] =>
  [...emoji]
    .filter(([name]) => name.startsWith(typed))
    .map(([name, glyph]) => ({ key: name, label: `${glyph} :${name}:`, hint: "", insert: `:${name}: ` }));
