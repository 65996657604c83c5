import { useCallback, useEffect, useMemo } from "react";
import type { View } from "#lab/slack/protocol.ts";
import type { Act } from "../blocks/acting.tsx";
import { ActContext } from "../blocks/acting.tsx";
import { Blocks } from "../blocks/blocks.tsx";
import { FormContext } from "../blocks/form-values.ts";
import { linkTo } from "../browser/route.ts";
import { useForm } from "../dialogs/use-form.ts";
import { useLab } from "../live/context.tsx";
import { server } from "../live/server.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";

/** The app's Home tab; opening it tells the app, which then publishes what stands there. */
export function HomeView() {
  const { state, actor } = useLab();
  const view = state.home[actor.id];
  const direct = state.channels.find((channel) => channel.is_im && channel.user === actor.id);
  useEffect(() => {
    // Nobody connected: the banner already says so, and the tab stays as it was.
    server.openHome({ user: actor.id }).catch(() => undefined);
  }, [actor.id]);
  return (
    <>
      <header className="pane-head">
        <a className="icon-button only-narrow" href={linkTo.list} aria-label="Back to the list of channels">
          <Icon name="back" />
        </a>
        <h1>
          <Avatar id={state.bot.id} name={state.bot.real_name} bot small />
          {state.bot.real_name}
          <span className="badge">APP</span>
        </h1>
      </header>
      <AppTabs selected="home" messagesLink={direct && linkTo.channel(direct.id)} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section className="home" aria-label="Home" tabIndex={0}>
        {view ? (
          <HomeBlocks key={view.id} view={view} />
        ) : (
          <p className="empty">The app has not published anything here yet.</p>
        )}
      </section>
    </>
  );
}

function HomeBlocks({ view }: { view: View }) {
  const { actor } = useLab();
  const { values, set } = useForm(view);
  const act = useCallback<Act>(
    async (block_id, acted) => {
      const delivery = await server.action({ user: actor.id, view_id: view.id, block_id, values, ...acted });
      return delivery.notice ?? (delivery.failed && "This could not be done: the app did not answer.");
    },
    [actor.id, view.id, values],
  );
  const form = useMemo(() => ({ values, errors: {}, set }), [values, set]);
  return (
    <ActContext value={act}>
      <FormContext value={form}>
        <Blocks blocks={view.blocks} />
      </FormContext>
    </ActContext>
  );
}

/** Home and Messages, the two sides of an app. */
export function AppTabs({
  selected,
  messagesLink,
}: {
  selected: "home" | "messages";
  messagesLink: string | undefined;
}) {
  return (
    <nav className="tabs" aria-label="App">
      <a href={linkTo.home} aria-current={selected === "home" ? "page" : undefined}>
        Home
      </a>
      {messagesLink && (
        <a href={messagesLink} aria-current={selected === "messages" ? "page" : undefined}>
          Messages
        </a>
      )}
    </nav>
  );
}
