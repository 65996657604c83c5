import type { KeyboardEvent, ReactNode } from "react";
import { useId, useRef } from "react";

export type MenuItem = {
  readonly key: string;
  readonly label: ReactNode;
  readonly hint?: string;
  readonly checked?: boolean;
  readonly onSelect: () => void;
};

const GAP_PX = 4;

/**
 * A button that opens a list of choices in the browser's top layer, so no scrolling ancestor cuts it off. Esc and a
 * click elsewhere close it (the browser does that for popovers); arrow keys, Home and End move.
 */
export function Menu({
  label,
  button,
  items,
  className,
}: {
  label: string;
  button: ReactNode;
  items: readonly MenuItem[];
  className?: string;
}) {
  const id = useId();
  const trigger = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const place = () => {
    const [box, menu] = [trigger.current?.getBoundingClientRect(), list.current];
    if (!box || !menu) return;
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = box.bottom + GAP_PX;
    const fits = below + height <= innerHeight - GAP_PX;
    menu.style.left = `${Math.max(GAP_PX, Math.min(box.left, innerWidth - width - GAP_PX))}px`;
    menu.style.top = `${fits ? below : Math.max(GAP_PX, box.top - height - GAP_PX)}px`;
    menu.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const entries = [...(list.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    const at = entries.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    entries.at(to % entries.length)?.focus();
  };

  return (
    <>
      <button
        ref={trigger}
        type="button"
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        popoverTarget={id}
      >
        {button}
      </button>
      <div
        ref={list}
        id={id}
        className="menu"
        role="menu"
        aria-label={label}
        popover="auto"
        tabIndex={-1}
        onToggle={(event) => event.newState === "open" && place()}
        onKeyDown={onKeyDown}
      >
        {items.map((item) => (
          <button
            key={item.key}
            type="button"
            {...(item.checked === undefined
              ? { role: "menuitem" }
              : { role: "menuitemradio", "aria-checked": item.checked })}
            tabIndex={-1}
            onClick={() => {
              list.current?.hidePopover();
              item.onSelect();
            }}
          >
            <span className="menu-label">{item.label}</span>
            {item.hint && <span className="menu-hint">{item.hint}</span>}
          </button>
        ))}
      </div>
    </>
  );
}
