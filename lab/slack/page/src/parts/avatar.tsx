/** A square with initials; the hue comes from the ID, so that a person keeps it. */
export function Avatar({
  id,
  name,
  bot = false,
  small = false,
}: {
  id: string;
  name: string;
  bot?: boolean;
  small?: boolean;
}) {
  const classes = ["avatar", bot ? "avatar-bot" : "", small ? "avatar-small" : ""].filter(Boolean).join(" ");
  return (
    <span className={classes} data-hue={bot ? undefined : hueOf(id)} aria-hidden="true">
      {bot ? <Pulse /> : initials(name)}
    </span>
  );
}

const HUES = 6;

const hueOf = (id: string) => [...id].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 9973, 7) % HUES;

function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words
    .slice(0, 2)
    .map((word) => word.match(/[\p{L}\p{N}]/u)?.[0]?.toUpperCase() ?? "")
    .join("");
}

function Pulse() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M5 17h5l3-8 5 15 4-10 2 3h3" />
    </svg>
  );
}
