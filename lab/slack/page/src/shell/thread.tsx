import { useMemo } from "react";
import type { Channel } from "#lab/slack/protocol.ts";
import { linkTo } from "../browser/route.ts";
import { Composer } from "../compose/composer.tsx";
import { useLab } from "../live/context.tsx";
import { visibleTo } from "../live/directory.ts";
import { MessageList } from "../messages/message-list.tsx";
import { Icon } from "../parts/icon.tsx";

/** The open thread: its parent, the replies as they come, and where to answer. */
export function ThreadView({ channel, ts }: { channel: Channel; ts: string }) {
  const { state, actor } = useLab();
  const all = state.messages[channel.id];
  const messages = useMemo(
    () => (all ?? []).filter(visibleTo(actor.id)).filter((message) => message.ts === ts || message.thread_ts === ts),
    [all, actor.id, ts],
  );
  const name = channel.is_im ? state.bot.real_name : `#${channel.name}`;
  return (
    <>
      <header className="pane-head">
        <a className="icon-button only-narrow" href={linkTo.channel(channel.id)} aria-label="Back to the channel">
          <Icon name="back" />
        </a>
        <h1>
          Thread <span className="pane-sub">{name}</span>
        </h1>
        <a className="icon-button only-wide" href={linkTo.channel(channel.id)} aria-label="Close the thread">
          <Icon name="close" />
        </a>
      </header>
      {messages.length === 0 ? (
        <p className="empty">This thread is no longer there.</p>
      ) : (
        <MessageList channel={channel.id} messages={messages} label="Thread" thread={ts} />
      )}
      <Composer channel={channel} thread={ts} placeholder="Reply…" />
    </>
  );
}
