import type { RichTextBlock, RichTextElement, RichTextList } from "@slack/types";
import type { ReactNode } from "react";
import { Emoji, Mention, OutLink, SlackDate } from "./draw-text.tsx";
import { safeUrl } from "./nodes.ts";

/** A rich_text block: sections, lists, quotes and preformatted text. */
export function RichText({ block }: { block: RichTextBlock }) {
  return (
    <div className="text">
      {block.elements.map((element, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the elements of a block have no identity of their own.
        <RichPart key={index} part={element} first={startOf(block.elements, index)} />
      ))}
    </div>
  );
}

type Part = RichTextBlock["elements"][number];

/** Ordered lists that an indented list interrupts go on counting. */
function startOf(parts: readonly Part[], index: number): number {
  const own = parts[index];
  if (own?.type !== "rich_text_list") return 1;
  let count = 1;
  for (let before = index - 1; before >= 0; before--) {
    const part = parts[before];
    if (part?.type !== "rich_text_list" || (part.indent ?? 0) < (own.indent ?? 0)) break;
    if ((part.indent ?? 0) === (own.indent ?? 0)) count += part.elements.length;
  }
  return count;
}

function RichPart({ part, first }: { part: Part; first: number }) {
  switch (part.type) {
    case "rich_text_section":
      return <p>{drawElements(part.elements)}</p>;
    case "rich_text_quote":
      return (
        <blockquote>
          <p>{drawElements(part.elements)}</p>
        </blockquote>
      );
    case "rich_text_preformatted":
      return <pre>{drawElements(part.elements)}</pre>;
    case "rich_text_list":
      return <RichList list={part} first={first} />;
    default:
      return null;
  }
}

function RichList({ list, first }: { list: RichTextList; first: number }) {
  const items = list.elements.map((section, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: list items have no identity of their own.
    <li key={index}>{drawElements(section.elements)}</li>
  ));
  const indent = Math.min(list.indent ?? 0, 4);
  if (list.style === "ordered")
    return (
      <ol start={first} data-indent={indent}>
        {items}
      </ol>
    );
  return <ul data-indent={indent}>{items}</ul>;
}

function drawElements(elements: readonly RichTextElement[]): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: inline elements have no identity of their own.
  return elements.map((element, index) => <RichElement key={index} element={element} />);
}

function RichElement({ element }: { element: RichTextElement }): ReactNode {
  const drawn = plainElement(element);
  const { bold, italic, strike, code } = element.style ?? {};
  const inner = code ? <code>{drawn}</code> : drawn;
  const struck = strike ? <s>{inner}</s> : inner;
  const slanted = italic ? <em>{struck}</em> : struck;
  return bold ? <strong>{slanted}</strong> : slanted;
}

function plainElement(element: RichTextElement): ReactNode {
  switch (element.type) {
    case "text":
      return element.text;
    case "link": {
      const url = safeUrl(element.url);
      return url ? <OutLink url={url}>{element.text ?? element.url}</OutLink> : (element.text ?? element.url);
    }
    case "emoji":
      return <Emoji name={element.name} />;
    case "user":
      return <Mention kind="user" id={element.user_id} />;
    case "channel":
      return <Mention kind="channel" id={element.channel_id} />;
    case "usergroup":
      return <Mention kind="group" id={element.usergroup_id} />;
    case "broadcast":
      return <span className="mention">@{element.range}</span>;
    case "date":
      return <SlackDate timestamp={element.timestamp} template={element.format} fallback={element.fallback ?? ""} />;
    case "color":
      return element.value;
    default:
      return null;
  }
}
