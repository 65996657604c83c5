import { emoji } from "./emoji.ts";
import type { Inline, TextBlock } from "./nodes.ts";
import { safeUrl } from "./nodes.ts";

/** The part of Markdown that a `markdown` block is used for: headings, lists, fences, quotes and inline styles. */
export function parseMarkdown(source: string): TextBlock[] {
  const blocks: TextBlock[] = [];
  const fences = source.split(/^```[^\n]*\n([\s\S]*?)\n?^```[^\S\n]*$/m);
  for (const [index, part] of fences.entries()) {
    if (index % 2 === 1) blocks.push({ kind: "pre", text: part });
    else blocks.push(...parseLines(part.split("\n")));
  }
  return blocks;
}

function parseLines(lines: readonly string[]): TextBlock[] {
  const blocks: TextBlock[] = [];
  let paragraph: string[] = [];
  let quote: string[] = [];
  const flush = () => {
    if (paragraph.length > 0) blocks.push({ kind: "paragraph", children: parseMarkdownInline(paragraph.join("\n")) });
    if (quote.length > 0) blocks.push({ kind: "quote", blocks: parseLines(quote) });
    paragraph = [];
    quote = [];
  };
  for (const line of lines) {
    const quoted = /^>\s?(.*)$/.exec(line);
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^(\s*)([-*+]|\d{1,3}[.)])\s+(.*)$/.exec(line);
    if (quoted) {
      if (quote.length === 0) flush();
      quote.push(quoted[1] ?? "");
    } else if (heading) {
      flush();
      blocks.push({ kind: "heading", level: heading[1]?.length ?? 1, children: parseMarkdownInline(heading[2] ?? "") });
    } else if (item) {
      flush();
      const marker = /\d/.test(item[2] ?? "") ? (item[2] ?? "") : "•";
      const indent = (item[1] ?? "").length >> 1;
      blocks.push({ kind: "item", marker, indent, children: parseMarkdownInline(item[3] ?? "") });
    } else if (line.trim() === "") flush();
    else {
      if (quote.length > 0) flush();
      paragraph.push(line);
    }
  }
  flush();
  return blocks;
}

const pattern =
  /`([^`\n]+)`|\[([^\]\n]+)\]\(([^)\s]+)\)|\*\*(?=\S)([^\n]*?\S)\*\*|~~(?=\S)([^\n]*?\S)~~|(?<![\p{L}\p{N}*_])([*_])(?=\S)([^\n]*?\S)\6(?![\p{L}\p{N}*_])|(?<![\w:]):([a-z0-9_+-]+):(?!\w)|(\n)/gu;

/** One run of Markdown; unknown marks stay as text. */
function parseMarkdownInline(source: string): Inline[] {
  const nodes: Inline[] = [];
  let from = 0;
  for (const match of source.matchAll(pattern)) {
    const node = inlineOf(match);
    if (!node) continue;
    if (match.index > from) nodes.push({ kind: "text", text: source.slice(from, match.index) });
    nodes.push(node);
    from = match.index + match[0].length;
  }
  if (from < source.length) nodes.push({ kind: "text", text: source.slice(from) });
  return nodes;
}

function inlineOf(match: RegExpMatchArray): Inline | undefined {
  const [, code, label, url, bold, strike, , italic, name, newline] = match;
  if (code !== undefined) return { kind: "code", text: code };
  if (label !== undefined) {
    const safe = safeUrl(url ?? "");
    return safe ? { kind: "link", url: safe, children: parseMarkdownInline(label) } : { kind: "text", text: label };
  }
  if (bold !== undefined) return { kind: "bold", children: parseMarkdownInline(bold) };
  if (strike !== undefined) return { kind: "strike", children: parseMarkdownInline(strike) };
  if (italic !== undefined) return { kind: "italic", children: parseMarkdownInline(italic) };
  if (name !== undefined) return emoji.has(name) ? { kind: "emoji", name } : undefined;
  return newline === undefined ? undefined : { kind: "break" };
}
