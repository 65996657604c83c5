import { memo, useCallback, useState } from "react";
import type { Message, Reaction } from "#lab/slack/protocol.ts";
import type { Act } from "../blocks/acting.tsx";
import { ActContext } from "../blocks/acting.tsx";
import { Blocks } from "../blocks/blocks.tsx";
import { linkTo } from "../browser/route.ts";
import { useLab } from "../live/context.tsx";
import { isOutside, nameOf } from "../live/directory.ts";
import { server } from "../live/server.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { Emoji, Mrkdwn } from "../text/draw-text.tsx";
import { Files } from "./files.tsx";
import { clockTime, fullTime } from "./when.ts";

type MessageProps = {
  channel: string;
  message: Message;
  /** Follows one of the same author closely: no picture and name again. */
  compact: boolean;
  inThread: boolean;
};

/** One message with everything that hangs on it. */
export const MessageView = memo(function MessageView({ channel, message, compact, inThread }: MessageProps) {
  const { state, actor, directory } = useLab();
  const author = directory.user(message.user);
  const bot = message.bot_id !== undefined;
  const name = message.username ?? (author ? nameOf(author) : message.user);
  const act = useCallback<Act>(
    async (block_id, acted) => {
      const delivery = await server.action({ user: actor.id, channel, message_ts: message.ts, block_id, ...acted });
      return delivery.notice ?? (delivery.failed && "This could not be done: the app did not answer.");
    },
    [actor.id, channel, message.ts],
  );
  // What people type comes with a rich_text block that knows no marks or emoji codes; its text says the same and more.
  const blocks = bot ? (message.blocks ?? []) : [];
  const classes = ["message", compact && "message-compact", message.ephemeral_for && "message-ephemeral"];
  return (
    <article
      className={classes.filter(Boolean).join(" ")}
      aria-label={`${name}, ${clockTime(message.ts)}`}
      data-ts={message.ts}
    >
      <div className="message-side">
        {compact ? (
          <time className="message-side-time">{clockTime(message.ts)}</time>
        ) : (
          <Avatar id={message.user} name={name} bot={bot} />
        )}
      </div>
      <div className="message-main">
        {message.ephemeral_for && (
          <p className="ephemeral">
            <Icon name="eye" />
            Only visible to you
          </p>
        )}
        {!compact && (
          <p className="message-head">
            <strong className="message-author">{name}</strong>
            {bot && <span className="badge">APP</span>}
            {!bot && author && isOutside(author, state) && <span className="badge badge-outside">OUTSIDE</span>}
            <time
              className="message-time"
              dateTime={new Date(Number.parseFloat(message.ts) * 1000).toISOString()}
              title={fullTime(message.ts)}
            >
              {clockTime(message.ts)}
            </time>
          </p>
        )}
        <ActContext value={act}>
          {blocks.length > 0 ? <Blocks blocks={blocks} /> : <Mrkdwn text={message.text} />}
        </ActContext>
        {message.edited && <span className="edited">(edited)</span>}
        {message.files && message.files.length > 0 && <Files files={message.files} />}
        {message.reactions && message.reactions.length > 0 && <Reactions reactions={message.reactions} />}
        {!inThread && (message.reply_count ?? 0) > 0 && <ThreadLink channel={channel} message={message} />}
      </div>
      {!message.ephemeral_for && <Toolbar channel={channel} message={message} inThread={inThread} />}
    </article>
  );
});

function Reactions({ reactions }: { reactions: readonly Reaction[] }) {
  const { actor, directory } = useLab();
  const names = (users: readonly string[]) => users.map((id) => directory.user(id)?.real_name ?? id).join(", ");
  return (
    <ul className="reactions">
      {reactions.map(({ name, count, users }) => (
        <li
          key={name}
          className="reaction"
          data-mine={users.includes(actor.id)}
          title={`${names(users)} reacted with :${name}:`}
        >
          <Emoji name={name} /> {count}
        </li>
      ))}
    </ul>
  );
}

const MAX_FACES = 4;

function ThreadLink({ channel, message }: { channel: string; message: Message }) {
  const { directory } = useLab();
  const count = message.reply_count ?? 0;
  return (
    <a className="thread-link" href={linkTo.thread(channel, message.ts)}>
      {message.reply_users?.slice(0, MAX_FACES).map((id) => {
        const user = directory.user(id);
        return <Avatar key={id} id={id} name={user ? nameOf(user) : id} bot={user?.is_bot ?? false} small />;
      })}
      <strong>{count === 1 ? "1 reply" : `${count} replies`}</strong>
      {message.latest_reply && <span className="hint">Last reply at {clockTime(message.latest_reply)}</span>}
    </a>
  );
}

function Toolbar({ channel, message, inThread }: { channel: string; message: Message; inThread: boolean }) {
  const { state, actor } = useLab();
  const [problem, setProblem] = useState<string>();
  const run = async (callback_id: string) => {
    setProblem(undefined);
    const input = { user: actor.id, callback_id, channel, message_ts: message.ts };
    const delivery = await server.shortcut(input).catch((error: Error) => ({ notice: error.message }));
    setProblem(delivery.notice);
  };
  const items = state.shortcuts
    .filter(({ type }) => type === "message")
    .map(({ callback_id, name, description }) => ({
      key: callback_id,
      label: name,
      hint: description,
      onSelect: () => void run(callback_id),
    }));
  return (
    <div className="toolbar">
      {problem && (
        <span className="failure" role="alert">
          <Icon name="warning" />
          {problem}
        </span>
      )}
      {!inThread && (
        <a
          className="icon-button"
          href={linkTo.thread(channel, message.thread_ts ?? message.ts)}
          aria-label="Reply in thread"
          title="Reply in thread"
        >
          <Icon name="reply" />
        </a>
      )}
      {items.length > 0 && (
        <Menu label="More actions" className="icon-button" button={<Icon name="more" />} items={items} />
      )}
    </div>
  );
}
