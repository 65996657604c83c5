import type { Channel } from "#lab/slack/protocol.ts";
import type { ReadMarks } from "../browser/read-marks.ts";
import type { Route } from "../browser/route.ts";
import { linkTo } from "../browser/route.ts";
import { useTheme } from "../browser/theme.ts";
import { useLab } from "../live/context.tsx";
import { inChannel, isOutside, nameOf, visibleTo } from "../live/directory.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { channelsOf } from "./places.ts";

type SidebarProps = {
  route: Route;
  openChannel: string | undefined;
  marks: ReadMarks;
  onActAs: (userId: string) => void;
};

/** The workspace: where one can go, what is unread, and as whom one acts. */
export function Sidebar({ route, openChannel, marks, onActAs }: SidebarProps) {
  const { state, actor } = useLab();
  const { theme, toggle } = useTheme();
  const direct = state.channels.find((channel) => channel.is_im && channel.user === actor.id);
  const atApp = route.place === "home" || (direct !== undefined && openChannel === direct.id);
  const unread = (channel: Channel) => unreadIn(channel);

  function unreadIn(channel: Channel): number {
    const read = marks.upTo(channel.id) ?? "";
    return (state.messages[channel.id] ?? [])
      .filter(visibleTo(actor.id))
      .filter((message) => inChannel(message) && message.ts > read && message.user !== actor.id).length;
  }

  return (
    <nav className="sidebar" aria-label="Workspace">
      <header className="sidebar-head">
        <h1>{state.team.name}</h1>
        <button
          type="button"
          className="icon-button"
          aria-label={`Theme: ${theme}`}
          title={`Theme: ${theme}`}
          onClick={toggle}
        >
          <Icon name={theme === "light" ? "sun" : theme === "dark" ? "moon" : "auto"} />
        </button>
      </header>
      <div className="sidebar-places">
        <h2>Channels</h2>
        <ul>
          {channelsOf(state, actor).map((channel) => (
            <li key={channel.id}>
              <Place
                href={linkTo.channel(channel.id)}
                current={route.place !== "home" && openChannel === channel.id}
                unread={unread(channel)}
                icon={<Icon name={channel.is_private ? "lock" : "hash"} />}
                name={channel.name}
                note={channel.is_ext_shared ? "shared" : undefined}
              />
            </li>
          ))}
        </ul>
        <h2>Apps</h2>
        <ul>
          <li>
            <Place
              href={linkTo.home}
              current={atApp}
              unread={direct ? unread(direct) : 0}
              icon={<Avatar id={state.bot.id} name={state.bot.real_name} bot small />}
              name={state.bot.real_name}
              note={undefined}
            />
          </li>
        </ul>
      </div>
      <footer className="sidebar-foot">
        <Menu
          label={`Acting as ${nameOf(actor)}. Switch person`}
          className="actor"
          button={
            <>
              <Avatar id={actor.id} name={nameOf(actor)} />
              <span className="actor-name">
                <strong>{nameOf(actor)}</strong>
                <span>{isOutside(actor, state) ? "from outside" : `@${actor.name}`}</span>
              </span>
              <Icon name="chevron" />
            </>
          }
          items={state.users
            .filter(({ is_bot }) => !is_bot)
            .map((user) => ({
              key: user.id,
              label: nameOf(user),
              hint: isOutside(user, state) ? "from outside" : `@${user.name}`,
              checked: user.id === actor.id,
              onSelect: () => onActAs(user.id),
            }))}
        />
      </footer>
    </nav>
  );
}

type PlaceProps = {
  href: string;
  current: boolean;
  unread: number;
  icon: React.ReactNode;
  name: string;
  note: string | undefined;
};

function Place({ href, current, unread, icon, name, note }: PlaceProps) {
  return (
    <a className="place" href={href} aria-current={current ? "page" : undefined} data-unread={unread > 0}>
      {icon}
      <span className="place-name">{name}</span>
      {note && <span className="place-note">{note}</span>}
      {unread > 0 && (
        <span className="place-count">
          {unread}
          <span className="sr-only"> unread</span>
        </span>
      )}
    </a>
  );
}
