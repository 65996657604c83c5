import type { ReactNode } from "react";
import { useLab } from "../live/context.tsx";
import { nameOf } from "../live/directory.ts";
import { emoji } from "./emoji.ts";
import { parseMarkdown } from "./markdown.ts";
import { parseMrkdwn } from "./mrkdwn.ts";
import type { Inline, TextBlock } from "./nodes.ts";
import { formatSlackDate } from "./slack-date.ts";

/** Text in Slack's mrkdwn. */
export function Mrkdwn({ text }: { text: string }) {
  return <TextBlocks blocks={parseMrkdwn(text)} />;
}

/** Text in Markdown, as `markdown` blocks hold it. */
export function Markdown({ text }: { text: string }) {
  return <TextBlocks blocks={parseMarkdown(text)} />;
}

function TextBlocks({ blocks }: { blocks: readonly TextBlock[] }) {
  return (
    <div className="text">
      {blocks.map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parsed anew from the text; there is no other identity.
        <TextBlockView key={index} block={block} />
      ))}
    </div>
  );
}

function TextBlockView({ block }: { block: TextBlock }) {
  switch (block.kind) {
    case "pre":
      return <pre>{block.text}</pre>;
    case "quote":
      return (
        <blockquote>
          <TextBlocks blocks={block.blocks} />
        </blockquote>
      );
    case "item":
      return (
        <p className="text-item" data-indent={Math.min(block.indent, 4)}>
          <span className="text-marker">{block.marker}</span>
          <span>{drawInline(block.children)}</span>
        </p>
      );
    case "heading":
      return <p className={`text-heading text-heading-${Math.min(block.level, 3)}`}>{drawInline(block.children)}</p>;
    case "paragraph":
      return <p>{drawInline(block.children)}</p>;
  }
}

function drawInline(nodes: readonly Inline[]): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: parsed anew from the text; there is no other identity.
  return nodes.map((node, index) => <InlineView key={index} node={node} />);
}

function InlineView({ node }: { node: Inline }) {
  switch (node.kind) {
    case "text":
      return node.text;
    case "break":
      return <br />;
    case "bold":
      return <strong>{drawInline(node.children)}</strong>;
    case "italic":
      return <em>{drawInline(node.children)}</em>;
    case "strike":
      return <s>{drawInline(node.children)}</s>;
    case "code":
      return <code>{node.text}</code>;
    case "link":
      return <OutLink url={node.url}>{drawInline(node.children)}</OutLink>;
    case "emoji":
      return <Emoji name={node.name} />;
    case "date":
      return <SlackDate {...node} />;
    case "broadcast":
      return <span className="mention">@{node.range}</span>;
    default:
      return <Mention kind={node.kind} id={node.id} label={node.label} />;
  }
}

/** A link that leaves the lab; `url` has been checked by safeUrl. */
export function OutLink({ url, children }: { url: string; children: ReactNode }) {
  return (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

export function Emoji({ name }: { name: string }) {
  const glyph = emoji.get(name);
  if (!glyph) return `:${name}:`;
  return (
    <span className="emoji" role="img" aria-label={name.replaceAll("_", " ")} title={`:${name}:`}>
      {glyph}
    </span>
  );
}

type SlackDateProps = { timestamp: number; template: string; fallback: string; url?: string };

export function SlackDate({ timestamp, template, fallback, url }: SlackDateProps) {
  const shown = formatSlackDate(timestamp, template, { nowMs: Date.now() }) || fallback;
  const time = (
    <time dateTime={new Date(timestamp * 1000).toISOString()} title={fallback}>
      {shown}
    </time>
  );
  return url?.startsWith("http") ? <OutLink url={url}>{time}</OutLink> : time;
}

type MentionProps = { kind: "user" | "channel" | "group"; id: string; label?: string | undefined };

export function Mention({ kind, id, label }: MentionProps) {
  const { directory, actor } = useLab();
  if (kind === "channel") {
    const channel = directory.channel(id);
    return (
      <a className="mention" href={`#/${encodeURIComponent(id)}`}>
        #{channel?.name ?? label ?? id}
      </a>
    );
  }
  if (kind === "group")
    return <span className="mention">@{(directory.group(id) ?? label ?? id).replace(/^@/, "")}</span>;
  const user = directory.user(id);
  return (
    <span className={id === actor.id ? "mention mention-me" : "mention"}>@{user ? nameOf(user) : (label ?? id)}</span>
  );
}
