/** Line icons on a 20-pixel grid, drawn for this page. */
const paths = {
  hash: "M7.5 3 6 17M14 3l-1.5 14M3.5 7.5h14M2.5 12.5h14",
  lock: "M5.5 9h9v7.5h-9zM7.2 9V6.5a2.8 2.8 0 0 1 5.6 0V9",
  person: "M10 9.8a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM3.8 16.8c.6-3 3-4.6 6.2-4.6s5.6 1.6 6.2 4.6",
  home: "M3.5 9.2 10 3.8l6.5 5.4M5.3 8v8.2h9.4V8M8.5 16v-4.3h3V16",
  back: "M12 4.5 6.5 10l5.5 5.5",
  close: "M5 5l10 10M15 5 5 15",
  send: "M3.8 16.2 17 10 3.8 3.8l1.6 5L11 10l-5.6 1.2z",
  more: "M10 5h.01M10 10h.01M10 15h.01",
  reply: "M4 4.5h12v8.5H9.5L6 16v-3H4z",
  eye: "M2.5 10S5.2 5 10 5s7.5 5 7.5 5-2.7 5-7.5 5-7.5-5-7.5-5zM10 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z",
  chevron: "M5.5 8 10 12.5 14.5 8",
  sun: "M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM10 2.5v1.7M10 15.8v1.7M2.5 10h1.7M15.8 10h1.7M4.7 4.7l1.2 1.2M14.1 14.1l1.2 1.2M15.3 4.7l-1.2 1.2M5.9 14.1l-1.2 1.2",
  moon: "M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3z",
  auto: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
  file: "M5 2.8h6.5L15 6.3v10.9H5zM11.5 2.8v3.5H15",
  check: "M4.5 10.5 8.5 14.5 15.5 6",
  cross: "M6 6l8 8M14 6l-8 8",
  circle: "M10 15.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11z",
  up: "M6 9.5v7H3.5v-7zM6 9.5 9.5 3c1.6 0 2.3 1 2 2.5L11 8h4.2c1 0 1.6.9 1.3 1.9l-1.6 5.4c-.2.7-.7 1.2-1.5 1.2H6",
  down: "M6 10.5v-7H3.5v7zM6 10.5 9.5 17c1.6 0 2.3-1 2-2.5L11 12h4.2c1 0 1.6-.9 1.3-1.9l-1.6-5.4c-.2-.7-.7-1.2-1.5-1.2H6",
  warning: "M10 3.5 17.5 16h-15zM10 8.5v3.5M10 14h.01",
  sort: "M7 8.2 10 5l3 3.2M7 11.8l3 3.2 3-3.2",
  shared: "M5.5 6.5a2 2 0 1 0 0 .01M14.5 13.5a2 2 0 1 0 0 .01M7 8l6 4.5",
  bolt: "M11.5 2.5 4.5 11.5h5l-1 6 7-9h-5z",
  trash: "M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.8 11h7.4l.8-11",
} as const;

export type IconName = keyof typeof paths;

/** Decoration only: what it means must also stand in words beside it or in the control's label. */
export function Icon({ name, className }: { name: IconName; className?: string }) {
  return (
    <svg className={className ? `icon ${className}` : "icon"} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
