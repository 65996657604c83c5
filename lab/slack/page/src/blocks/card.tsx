import type { AlertBlock, CardBlock, CarouselBlock, ContainerBlock } from "@slack/types";
import type { ReactNode } from "react";
import { RichText } from "../text/rich-text.tsx";
import { plain, Text } from "../text/text-object.tsx";
import { ButtonElement } from "./elements.tsx";
import { Picture } from "./image.tsx";

/** Blocks under a title, which folds them away when the app allows it. */
export function Container({ block, children }: { block: ContainerBlock; children: ReactNode }) {
  const head = (
    <>
      {block.icon && <Picture image={block.icon} alt={block.icon.alt_text} />}
      <span className="container-titles">
        <span className="container-title">
          {block.rich_text_title ? <RichText block={block.rich_text_title} /> : plain(block.title)}
        </span>
        {block.subtitle && (
          <span className="container-subtitle">
            <Text text={block.subtitle} />
          </span>
        )}
      </span>
    </>
  );
  if (block.is_collapsible)
    return (
      <details className="container" open={!block.default_collapsed}>
        <summary>{head}</summary>
        <div className="container-body">{children}</div>
      </details>
    );
  return (
    <section className="container" data-divided={block.has_header_divider ?? false}>
      <div className="container-head">{head}</div>
      <div className="container-body">{children}</div>
    </section>
  );
}

export function Card({ block }: { block: CardBlock }) {
  return (
    <article className="card">
      {block.hero_image && <Picture image={block.hero_image} alt={block.hero_image.alt_text} />}
      {block.title && (
        <div className="card-title">
          <Text text={block.title} />
        </div>
      )}
      {block.subtitle && (
        <div className="hint">
          <Text text={block.subtitle} />
        </div>
      )}
      {block.body && <Text text={block.body} />}
      {block.actions && (
        <div className="actions">
          {block.actions.map((button, index) => (
            <ButtonElement key={button.action_id ?? String(index)} button={button} />
          ))}
        </div>
      )}
    </article>
  );
}

export function Carousel({ block }: { block: CarouselBlock }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="carousel" aria-label="Cards" tabIndex={0}>
      {block.elements.map((card, index) => (
        <Card key={card.block_id ?? String(index)} block={card} />
      ))}
    </section>
  );
}

export function Alert({ block }: { block: AlertBlock }) {
  return (
    <div className="alert" role="alert" data-level={block.level ?? "default"}>
      <Text text={block.text} />
    </div>
  );
}
