import { useEffect, useMemo } from "react";
import type { LabState } from "#lab/slack/protocol.ts";
import { useReadMarks } from "./browser/read-marks.ts";
import { useRoute } from "./browser/route.ts";
import { perWindow, useStored } from "./browser/stored.ts";
import { useNarrow } from "./browser/use-narrow.ts";
import { Modal } from "./dialogs/modal.tsx";
import { LabContext, useSnapshot } from "./live/context.tsx";
import { directoryOf } from "./live/directory.ts";
import type { Live } from "./live/live.ts";
import { Announcer } from "./shell/announcer.tsx";
import { Banner } from "./shell/banner.tsx";
import { ChannelView } from "./shell/channel.tsx";
import { HomeView } from "./shell/home.tsx";
import { channelsOf, mayOpen } from "./shell/places.ts";
import { Sidebar } from "./shell/sidebar.tsx";
import { ThreadView } from "./shell/thread.tsx";

/** The whole page over one live connection to the lab Slack. */
export function App({ live }: { live: Live }) {
  const { connection, state } = useSnapshot(live);
  useEffect(() => {
    live.connect();
    return () => live.close();
  }, [live]);
  return (
    <div className="page">
      <Banner connection={connection} appConnections={state?.connections} />
      {state ? <Workspace live={live} state={state} /> : <p className="empty">Opening the workspace…</p>}
    </div>
  );
}

function Workspace({ live, state }: { live: Live; state: LabState }) {
  const route = useRoute();
  // Kept per window, so that two windows can be two people.
  const [actorId, actAs] = useStored("lab-slack-actor", perWindow);
  const actor = state.users.find((user) => user.id === actorId && !user.is_bot) ?? state.me;
  const marks = useReadMarks(actor.id);
  const lab = useMemo(() => ({ state, actor, directory: directoryOf(state) }), [state, actor]);

  const asked = state.channels.find(({ id }) => id === route.channel);
  // Where there is room, the list never stands alone: the first channel is open beside it.
  const onlyList = useNarrow() && route.place === "list";
  const channel = asked && mayOpen(asked, actor) ? asked : onlyList ? undefined : channelsOf(state, actor)[0];
  const thread = asked && channel === asked ? route.thread : undefined;
  const modal = state.views[actor.id]?.at(-1);
  const title =
    route.place === "home" || channel?.is_im ? state.bot.real_name : channel ? `#${channel.name}` : "Channels";
  useEffect(() => {
    document.title = `${title} · ${state.team.name}`;
  }, [title, state.team.name]);

  return (
    <LabContext value={lab}>
      <div className="workspace" data-place={route.place} data-thread={thread !== undefined}>
        <Sidebar route={route} openChannel={channel?.id} marks={marks} onActAs={actAs} />
        {!onlyList && (
          <main className="pane pane-main">
            {route.place === "home" ? (
              <HomeView />
            ) : channel ? (
              <ChannelView key={`${actor.id}/${channel.id}`} channel={channel} marks={marks} />
            ) : (
              <p className="empty">{actor.real_name} is in no channel.</p>
            )}
          </main>
        )}
        {channel && thread && (
          <aside className="pane pane-thread" aria-label="Thread">
            <ThreadView key={`${actor.id}/${channel.id}/${thread}`} channel={channel} ts={thread} />
          </aside>
        )}
      </div>
      <Announcer live={live} channel={channel?.id} thread={thread} />
      {modal && <Modal key={modal.id} view={modal} />}
    </LabContext>
  );
}
