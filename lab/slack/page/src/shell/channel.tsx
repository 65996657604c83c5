import { useEffect, useMemo, useState } from "react";
import type { Channel } from "#lab/slack/protocol.ts";
import type { ReadMarks } from "../browser/read-marks.ts";
import { linkTo } from "../browser/route.ts";
import { Composer } from "../compose/composer.tsx";
import { useLab } from "../live/context.tsx";
import { inChannel, visibleTo } from "../live/directory.ts";
import { MessageList } from "../messages/message-list.tsx";
import { Icon } from "../parts/icon.tsx";
import { AppTabs } from "./home.tsx";

/** A channel or direct message: its head, its messages and where to write. */
export function ChannelView({ channel, marks }: { channel: Channel; marks: ReadMarks }) {
  const { state, actor } = useLab();
  const all = state.messages[channel.id];
  const messages = useMemo(() => (all ?? []).filter(visibleTo(actor.id)).filter(inChannel), [all, actor.id]);
  const newest = messages.at(-1)?.ts;
  const [firstUnread] = useState(() => {
    const read = marks.upTo(channel.id);
    return read === undefined ? undefined : messages.find(({ ts, user }) => ts > read && user !== actor.id)?.ts;
  });
  useEffect(() => {
    if (newest && document.visibilityState === "visible") marks.mark(channel.id, newest);
  }, [channel.id, newest, marks]);

  const title = channel.is_im ? state.bot.real_name : channel.name;
  return (
    <>
      <header className="pane-head">
        <a className="icon-button only-narrow" href={linkTo.list} aria-label="Back to the list of channels">
          <Icon name="back" />
        </a>
        <h1>
          {!channel.is_im && <Icon name={channel.is_private ? "lock" : "hash"} />}
          {title}
        </h1>
        {channel.is_ext_shared && (
          <span className="badge badge-outside" title="People of another organisation read along">
            SHARED
          </span>
        )}
        {!channel.is_im && (
          <span className="pane-members" title="Members">
            <Icon name="person" />
            {channel.members.length}
          </span>
        )}
      </header>
      {channel.is_im && <AppTabs selected="messages" messagesLink={linkTo.channel(channel.id)} />}
      <MessageList
        channel={channel.id}
        messages={messages}
        label={`Messages in ${title}`}
        firstUnread={firstUnread}
        intro={<Intro channel={channel} title={title} />}
      />
      <Composer channel={channel} placeholder={`Message ${channel.is_im ? "" : "#"}${title}`} />
    </>
  );
}

function Intro({ channel, title }: { channel: Channel; title: string }) {
  const { state } = useLab();
  const [command] = state.commands;
  return (
    <div className="intro">
      <h2>{channel.is_im ? title : `#${title}`}</h2>
      <p>
        {channel.is_im ? "Your conversation with the app." : "This is the very beginning of the channel."}
        {command && (
          <>
            {" "}
            Try <code>{`${command.command} ${command.usage_hint}`.trim()}</code>
          </>
        )}
      </p>
    </div>
  );
}
