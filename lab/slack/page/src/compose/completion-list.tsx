import type { Completion } from "./completion.ts";

const titles = { command: "Commands", mention: "People and apps", channel: "Channels", emoji: "Emoji" } as const;

type CompletionListProps = { id: string; completion: Completion; chosen: number; onChoose: (index: number) => void };

/** The choices above the composer; the focus stays in the text. */
export function CompletionList({ id, completion, chosen, onChoose }: CompletionListProps) {
  return (
    <div className="completion">
      <p className="completion-title" aria-hidden="true">
        {titles[completion.kind]}
      </p>
      <div id={id} role="listbox" aria-label={titles[completion.kind]}>
        {completion.choices.map((choice, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the combobox that owns this list.
          <div
            key={choice.key}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onChoose(index)}
          >
            <span className="completion-label">{choice.label}</span>
            <span className="completion-hint">{choice.hint}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
