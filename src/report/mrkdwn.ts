/** Text from a cluster or a user, made safe for Slack's markup: it can mention nobody, link nothing and close no code. */
export function safe(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("`", "ˋ");
}

export const bold = (text: string): string => `*${safe(text).replaceAll("*", "∗")}*`;
export const code = (text: string): string => `\`${safe(text.replace(/\s+/g, " "))}\``;
export const codeBlock = (text: string): string => `\`\`\`\n${safe(text)}\n\`\`\``;

/** Mentions a user by id; anything that is no id is shown as text. */
export const user = (id: string): string => (/^[UW][A-Z0-9]+$/.test(id) ? `<@${id}>` : safe(id));

/** A clock time in the reader's own zone, UTC where that is not known. `atMs` is Unix milliseconds. */
export function clock(atMs: number): string {
  return `<!date^${Math.floor(atMs / 1_000)}^{time_secs}|${utcClock(atMs)}>`;
}

/** Day and clock time in the reader's own zone, for what may be read days later. */
export function dayAndClock(atMs: number): string {
  return `<!date^${Math.floor(atMs / 1_000)}^{date_short_pretty} {time_secs}|${utcDay(atMs)} ${utcClock(atMs)}>`;
}

export const utcClock = (atMs: number): string => `${new Date(atMs).toISOString().slice(11, 19)} UTC`;
export const utcDay = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
