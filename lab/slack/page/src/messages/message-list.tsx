import type { ReactNode } from "react";
import { Fragment } from "react";
import type { Message } from "#lab/slack/protocol.ts";
import { Icon } from "../parts/icon.tsx";
import { MessageView } from "./message.tsx";
import { useStickToEnd } from "./stick-to-end.ts";
import { atMs, dayName, dayOf } from "./when.ts";

/** Messages of one author closer together than this are drawn as one group. */
const GROUP_MS = 5 * 60_000;

type MessageListProps = {
  channel: string;
  messages: readonly Message[];
  label: string;
  /** The first message that the person had not read when they came. */
  firstUnread?: string | undefined;
  /** Stands before the first message. */
  intro?: ReactNode;
  /** In a thread the parent comes first and the number of replies follows it. */
  thread?: string | undefined;
};

/** Messages, oldest first, that stay at the end while more arrive, unless the reader has scrolled away. */
export function MessageList({ channel, messages, label, firstUnread, intro, thread }: MessageListProps) {
  const { scroller, content, away, toEnd } = useStickToEnd();
  const replies = messages.filter((message) => !message.ephemeral_for).length - 1;
  return (
    <div className="messages">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section ref={scroller} className="messages-scroll" aria-label={label} tabIndex={0}>
        <div ref={content} className="messages-content">
          {intro}
          {messages.map((message, index) => {
            const previous = messages[index - 1];
            const unread = message.ts === firstUnread;
            const newDay = !previous || dayOf(previous.ts) !== dayOf(message.ts);
            const afterParent = thread !== undefined && index === 1;
            return (
              <Fragment key={message.ts}>
                {newDay && !thread && <Divider className="day" text={dayName(message.ts, Date.now())} />}
                {unread && <Divider className="new" text="New" />}
                {afterParent && <Divider className="replies" text={replies === 1 ? "1 reply" : `${replies} replies`} />}
                <MessageView
                  channel={channel}
                  message={message}
                  compact={!newDay && !unread && !afterParent && grouped(previous, message)}
                  inThread={thread !== undefined}
                />
              </Fragment>
            );
          })}
        </div>
      </section>
      {away && (
        <button type="button" className="to-end" onClick={toEnd}>
          <Icon name="chevron" />
          Newest
        </button>
      )}
    </div>
  );
}

function Divider({ className, text }: { className: string; text: string }) {
  return (
    <div className={`line line-${className}`}>
      <span>{text}</span>
    </div>
  );
}

function grouped(previous: Message | undefined, message: Message): boolean {
  return (
    previous?.user === message.user &&
    previous.username === message.username &&
    previous.ephemeral_for === message.ephemeral_for &&
    atMs(message.ts) - atMs(previous.ts) < GROUP_MS
  );
}
