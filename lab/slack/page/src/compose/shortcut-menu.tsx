import type { Channel } from "#lab/slack/protocol.ts";
import { useLab } from "../live/context.tsx";
import { server } from "../live/server.ts";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";

type ShortcutMenuProps = { channel: Channel; onProblem: (words: string | undefined) => void };

/** The app's global shortcuts, if it has any. */
export function ShortcutMenu({ channel, onProblem }: ShortcutMenuProps) {
  const { state, actor } = useLab();
  const shortcuts = state.shortcuts.filter(({ type }) => type === "global");
  const run = (callback_id: string) =>
    server.shortcut({ user: actor.id, callback_id, channel: channel.id }).then(
      ({ failed, notice }) => onProblem(notice ?? (failed && "The app did not answer.")),
      (error: Error) => onProblem(error.message),
    );
  if (shortcuts.length === 0) return null;
  return (
    <Menu
      label="Shortcuts"
      className="icon-button"
      button={<Icon name="bolt" />}
      items={shortcuts.map(({ callback_id, name, description }) => ({
        key: callback_id,
        label: name,
        hint: description,
        onSelect: () => void run(callback_id),
      }))}
    />
  );
}
