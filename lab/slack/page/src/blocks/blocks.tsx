import type { ActionsBlock, ContextBlock, ImageBlock, SectionBlock } from "@slack/types";
import type { ReactNode } from "react";
import { Component } from "react";
import type { Block } from "#lab/slack/protocol.ts";
import { Markdown } from "../text/draw-text.tsx";
import { RichText } from "../text/rich-text.tsx";
import { plain, Text } from "../text/text-object.tsx";
import { BlockIdContext } from "./acting.tsx";
import type { DrawnBlock } from "./block-types.ts";
import { Alert, Card, Carousel, Container } from "./card.tsx";
import { Chart } from "./chart.tsx";
import { ChoicesElement } from "./choices.tsx";
import { DataTable } from "./data-table.tsx";
import { ButtonElement, OverflowElement, SelectElement } from "./elements.tsx";
import { ContextActions } from "./feedback.tsx";
import { Picture } from "./image.tsx";
import { Input } from "./input.tsx";
import { Plan, TaskCard } from "./plan.tsx";
import { Table } from "./table.tsx";

/** Block Kit as a person sees it. A block that cannot be drawn says so and leaves the others alone. */
export function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return (
    <div className="blocks">
      {blocks.map((block, index) => {
        const id = block.block_id ?? String(index);
        // The same place in a message keeps its state (unfolded, sorted) although an update brings a new block_id.
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: see above.
          <Guard key={`${index}-${block.type}`} block={block}>
            <BlockIdContext value={id}>
              <BlockView block={block as unknown as DrawnBlock} />
            </BlockIdContext>
          </Guard>
        );
      })}
    </div>
  );
}

function BlockView({ block }: { block: DrawnBlock }): ReactNode {
  switch (block.type) {
    case "header":
      return <h3 className="header-block">{plain(block.text)}</h3>;
    case "section":
      return <Section block={block} />;
    case "divider":
      return <hr className="divider" />;
    case "context":
      return <Context block={block} />;
    case "actions":
      return <Actions block={block} />;
    case "context_actions":
      return <ContextActions block={block} />;
    case "image":
      return <ImageView block={block} />;
    case "markdown":
      return <Markdown text={block.text} />;
    case "rich_text":
      return <RichText block={block} />;
    case "table":
      return <Table block={block} />;
    case "data_table":
      return <DataTable block={block} />;
    case "data_visualization":
      return <Chart block={block} />;
    case "plan":
      return <Plan block={block} />;
    case "task_card":
      return <TaskCard task={block} />;
    case "container":
      return (
        <Container block={block}>
          <Blocks blocks={block.child_blocks as unknown as readonly Block[]} />
        </Container>
      );
    case "card":
      return <Card block={block} />;
    case "carousel":
      return <Carousel block={block} />;
    case "alert":
      return <Alert block={block} />;
    case "input":
      return <Input block={block} />;
    default:
      return <CannotDraw type={block.type} />;
  }
}

function Section({ block }: { block: SectionBlock }) {
  return (
    <div className="section">
      <div className="section-main">
        {block.text && <Text text={block.text} />}
        {block.fields && (
          <div className="fields">
            {block.fields.map((field, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: fields are known by their position only.
              <Text key={index} text={field} />
            ))}
          </div>
        )}
      </div>
      {block.accessory && (
        <div className="section-accessory">
          <Element element={block.accessory} />
        </div>
      )}
    </div>
  );
}

function Context({ block }: { block: ContextBlock }) {
  return (
    <div className="context">
      {block.elements.map((element, index) =>
        element.type === "image" ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: elements of a context have no identity of their own.
          <Picture key={index} image={element} alt={element.alt_text} />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: elements of a context have no identity of their own.
          <Text key={index} text={element} />
        ),
      )}
    </div>
  );
}

function Actions({ block }: { block: ActionsBlock }) {
  return (
    <div className="actions">
      {block.elements.map((element, index) => (
        <Element key={("action_id" in element && element.action_id) || String(index)} element={element} />
      ))}
    </div>
  );
}

type AnyElement = ActionsBlock["elements"][number] | NonNullable<SectionBlock["accessory"]>;

function Element({ element }: { element: AnyElement }) {
  switch (element.type) {
    case "button":
      return <ButtonElement button={element} />;
    case "overflow":
      return <OverflowElement overflow={element} />;
    case "static_select":
      return <SelectElement select={element} />;
    case "radio_buttons":
    case "checkboxes":
      return <ChoicesElement element={element} />;
    case "image":
      return <Picture image={element} alt={element.alt_text} />;
    default:
      return <CannotDraw type={element.type} />;
  }
}

function ImageView({ block }: { block: ImageBlock }) {
  const title = block.title && plain(block.title);
  return (
    <figure className="image-block">
      {title && <figcaption>{title}</figcaption>}
      <Picture image={block} alt={block.alt_text} title={title} />
    </figure>
  );
}

function CannotDraw({ type }: { type: string }) {
  return <p className="cannot-draw">A “{type}” stands here, which this page does not draw.</p>;
}

/** Keeps a malformed block from taking the whole page down; once it has changed it is tried again. */
class Guard extends Component<{ block: Block; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidUpdate(previous: { block: Block }): void {
    if (this.state.failed && previous.block !== this.props.block) this.setState({ failed: false });
  }

  override render(): ReactNode {
    return this.state.failed ? <CannotDraw type={this.props.block.type} /> : this.props.children;
  }
}
