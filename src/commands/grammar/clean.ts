/** What an escaped person, channel or group becomes: a word that begins with `@` or `#`, which no target does. */
const ESCAPED_PERSON = /<@[A-Z0-9]+(?:\|([^<>]*))?>/g;
const ESCAPED_CHANNEL = /<#[A-Z0-9]+(?:\|([^<>]*))?>/g;
const ESCAPED_SPECIAL = /<!(?:subteam\^[A-Z0-9]+|here|channel|everyone)(?:\|@?([^<>]*))?>/g;
const ESCAPED_LINK = /<((?:https?|mailto|tel):[^<>|\s]+)(?:\|([^<>]*))?>/g;

/** Characters nobody sees: zero-width spaces and joiners, byte order marks, direction marks, variation selectors. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
/** Every other kind of space, line breaks and control characters included. */
const SPACES = /[\s\p{Cc}\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/gu;
const SINGLE_QUOTES = /[\u2018-\u201b\u2032\u00b4]/g;
const DOUBLE_QUOTES = /[\u201c-\u201f\u00ab\u00bb\u2033]/g;
/** Keyboards turn `--port` into a long dash. */
const LONG_DASH_BEFORE_LETTER = /(^| )[\u2013\u2014\u2015](?=[a-z])/gi;
const DASHES = /[\u2010-\u2015\u2212\ufe58\ufe63]/g;
/** Full-width forms, as Chinese and Japanese keyboards make them; each lies 0xFEE0 above its ASCII twin. */
const FULL_WIDTH = /[\uff01-\uff5e]/g;
const QUOTED_WORD = /(^| )(["'`])([^\s"'`]+)\2(?= |$)/g;
const QUOTED_ALL = /^(["'`])([^"'`]+)\1$/;

/**
 * What a person meant by the text that Slack delivered: escapes undone, typography undone, one space between words,
 * lower case (every name in Kubernetes and DNS is). Never fails; what is left over is judged word by word.
 */
export function cleanText(raw: string): string {
  const text = raw
    .replace(ESCAPED_PERSON, (_, name?: string) => ` @${word(name) || "someone"} `)
    .replace(ESCAPED_CHANNEL, (_, name?: string) => ` #${word(name) || "channel"} `)
    .replace(
      ESCAPED_SPECIAL,
      (all, name?: string) => ` @${word(name) || /here|channel|everyone/.exec(all)?.[0] || "group"} `,
    )
    .replace(ESCAPED_LINK, (_, url: string, label?: string) => linkText(url, label))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replace(FULL_WIDTH, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(INVISIBLE, "")
    .replace(SPACES, " ")
    .trim()
    .replace(SINGLE_QUOTES, "'")
    .replace(DOUBLE_QUOTES, '"')
    .replace(LONG_DASH_BEFORE_LETTER, "$1--")
    .replace(DASHES, "-");
  return text.replace(QUOTED_ALL, "$2").trim().replace(QUOTED_WORD, "$1$3").toLowerCase();
}

const word = (name: string | undefined): string => (name ?? "").trim().replace(SPACES, "-");

/** Slack links whatever looks like a host (`<http://db.shop|db.shop>`); the label counts when the link was made of it. */
function linkText(url: string, label: string | undefined): string {
  if (label === undefined || /\s/.test(label)) return url;
  const bare = url.replace(/^(?:https?:\/\/|mailto:|tel:)/i, "").replace(/\/$/, "");
  return bare.toLowerCase() ===
    label
      .toLowerCase()
      .replace(/^https?:\/\//i, "")
      .replace(/\/$/, "")
    ? label
    : url;
}
