import type { Button, Confirm, Overflow, StaticSelect } from "@slack/types";
import type { ReactNode } from "react";
import { useState } from "react";
import { ConfirmDialog } from "../dialogs/confirm.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { safeUrl } from "../text/nodes.ts";
import { plain } from "../text/text-object.tsx";
import type { Acted } from "./acting.tsx";
import { useAct } from "./acting.tsx";

/** An action that asks first when the element says so; `after` follows the control and shows question and failure. */
export function useAsked(confirm: Confirm | undefined): {
  ask: (acted: Acted) => void;
  busy: boolean;
  after: ReactNode;
} {
  const { act, busy, failure } = useAct();
  const [asked, setAsked] = useState<Acted>();
  const ask = (acted: Acted) => {
    if (confirm) setAsked(acted);
    else void act(acted);
  };
  const answer = (yes: boolean) => {
    setAsked(undefined);
    if (asked) void act(yes ? asked : { ...asked, confirm: false });
  };
  const after = (
    <>
      {asked && confirm && <ConfirmDialog confirm={confirm} onAnswer={answer} />}
      {failure && (
        <span className="failure" role="alert">
          <Icon name="warning" />
          {failure}
        </span>
      )}
    </>
  );
  return { ask, busy, after };
}

/** The ID an element acts under; Slack makes one up when the app gave none. */
export const actionIdOf = (element: { action_id?: string }, otherwise: string): string =>
  element.action_id ?? otherwise;

const buttonClass = { primary: "button button-primary", danger: "button button-danger" } as const;

export function ButtonElement({ button }: { button: Button }) {
  const { ask, busy, after } = useAsked(button.confirm);
  const url = button.url === undefined ? undefined : safeUrl(button.url);
  const className = button.style ? buttonClass[button.style] : "button";
  const acted = {
    action_id: actionIdOf(button, "button"),
    ...(button.value === undefined ? {} : { value: button.value }),
  };
  if (url)
    return (
      <a className={className} href={url} target="_blank" rel="noopener noreferrer" onClick={() => ask(acted)}>
        {plain(button.text)}
      </a>
    );
  return (
    <>
      <button
        type="button"
        className={className}
        aria-label={button.accessibility_label}
        aria-busy={busy}
        onClick={() => !busy && ask(acted)}
      >
        {plain(button.text)}
      </button>
      {after}
    </>
  );
}

export function OverflowElement({ overflow }: { overflow: Overflow }) {
  const { ask, busy, after } = useAsked(overflow.confirm);
  const items = overflow.options.map((option) => ({
    key: option.value ?? plain(option.text),
    label: plain(option.text),
    ...(option.description ? { hint: plain(option.description) } : {}),
    onSelect: () =>
      !busy && ask({ action_id: actionIdOf(overflow, "overflow"), selected_option: { value: option.value ?? "" } }),
  }));
  return (
    <>
      <Menu label="More actions" className="button button-icon" button={<Icon name="more" />} items={items} />
      {after}
    </>
  );
}

/** All options of a select, in and out of groups. */
export const optionsOf = (select: Pick<StaticSelect, "options" | "option_groups">) =>
  select.options ?? select.option_groups?.flatMap((group) => group.options) ?? [];

export function SelectElement({ select }: { select: StaticSelect }) {
  const { ask, busy, after } = useAsked(select.confirm);
  const name = plain(select.placeholder, "Choose an option");
  return (
    <>
      <span className="select">
        <select
          aria-label={name}
          aria-busy={busy}
          value={select.initial_option?.value ?? ""}
          onChange={({ target }) =>
            ask({ action_id: actionIdOf(select, "select"), selected_option: { value: target.value } })
          }
        >
          <option value="" disabled>
            {name}
          </option>
          <SelectOptions select={select} />
        </select>
        <Icon name="chevron" />
      </span>
      {after}
    </>
  );
}

export function SelectOptions({ select }: { select: Pick<StaticSelect, "options" | "option_groups"> }) {
  const draw = (options: NonNullable<StaticSelect["options"]>) =>
    options.map((option) => (
      <option key={option.value} value={option.value}>
        {plain(option.text)}
      </option>
    ));
  if (!select.option_groups) return draw(select.options ?? []);
  return select.option_groups.map((group) => (
    <optgroup key={group.label.text} label={plain(group.label)}>
      {draw(group.options)}
    </optgroup>
  ));
}
