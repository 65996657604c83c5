import { useEffect, useState } from "react";
import { useLab } from "../live/context.tsx";
import { inChannel, nameOf, visibleTo } from "../live/directory.ts";
import type { Live } from "../live/live.ts";

const MAX_LENGTH = 240;

type AnnouncerProps = { live: Live; channel: string | undefined; thread: string | undefined };

/** Says new messages of the open channel and thread to screen readers; updates of old ones stay quiet. */
export function Announcer({ live, channel, thread }: AnnouncerProps) {
  const { actor, directory } = useLab();
  const [words, setWords] = useState("");
  useEffect(
    () =>
      live.onEvent((event) => {
        if ((event.type !== "message" && event.type !== "ephemeral") || event.channel !== channel) return;
        const { message } = event;
        const shown = inChannel(message) || message.thread_ts === thread;
        if (!shown || message.user === actor.id || !visibleTo(actor.id)(message)) return;
        const author = directory.user(message.user);
        setWords(`${author ? nameOf(author) : message.user}: ${message.text}`.slice(0, MAX_LENGTH));
      }),
    [live, channel, thread, actor.id, directory],
  );
  return (
    <div className="sr-only" role="status" aria-live="polite">
      {words}
    </div>
  );
}
