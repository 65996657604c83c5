import type { InputBlock, Option } from "@slack/types";
import { use, useId } from "react";
import type { Json } from "#lab/slack/protocol.ts";
import { Icon } from "../parts/icon.tsx";
import { plain } from "../text/text-object.tsx";
import { BlockIdContext, useAct } from "./acting.tsx";
import { Choices } from "./choices.tsx";
import { actionIdOf, optionsOf, SelectOptions } from "./elements.tsx";
import { FormContext } from "./form-values.ts";

/** A labelled input of a modal; what is typed is kept by the form around it until it is submitted. */
export function Input({ block }: { block: InputBlock }) {
  const form = use(FormContext);
  const blockId = use(BlockIdContext);
  const id = useId();
  const { act } = useAct();
  const { element } = block;
  const actionId = actionIdOf(element, element.type);
  const value = form?.values[blockId]?.[actionId] ?? {};
  const error = form?.errors[blockId];
  const set = (next: Json) => {
    form?.set(blockId, actionId, { type: element.type, ...next });
    if (block.dispatch_action) void act({ action_id: actionId, ...next });
  };
  const isGroup = element.type === "radio_buttons" || element.type === "checkboxes";
  const label = (
    <>
      {plain(block.label)}
      {block.optional && <span className="optional"> (optional)</span>}
    </>
  );
  const described = [error && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  return (
    <div className="input" data-invalid={error !== undefined}>
      {isGroup ? (
        <span id={`${id}-label`} className="input-label">
          {label}
        </span>
      ) : (
        <label htmlFor={id} className="input-label">
          {label}
        </label>
      )}
      <InputElement
        element={element}
        id={id}
        described={described}
        invalid={error !== undefined}
        value={value}
        set={set}
      />
      {error && (
        <p id={`${id}-error`} className="input-error" role="alert">
          <Icon name="warning" />
          {error}
        </p>
      )}
      {block.hint && (
        <p id={`${id}-hint`} className="hint">
          {plain(block.hint)}
        </p>
      )}
    </div>
  );
}

type ElementProps = {
  element: InputBlock["element"];
  id: string;
  described: string | undefined;
  invalid: boolean;
  value: Json;
  set: (next: Json) => void;
};

const textTypes = {
  plain_text_input: "text",
  number_input: "text",
  email_text_input: "email",
  url_text_input: "url",
} as const;

function InputElement({ element, id, described, invalid, value, set }: ElementProps) {
  const common = { id, "aria-describedby": described, "aria-invalid": invalid };
  switch (element.type) {
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input": {
      const text = typeof value["value"] === "string" ? value["value"] : "";
      const props = {
        ...common,
        value: text,
        placeholder: plain(element.placeholder),
        onChange: ({ target }: { target: { value: string } }) =>
          set({ value: target.value === "" ? null : target.value }),
      };
      if (element.type === "plain_text_input" && element.multiline)
        return <textarea rows={4} maxLength={element.max_length} {...props} />;
      const decimal = element.type === "number_input" && element.is_decimal_allowed;
      const inputMode = element.type !== "number_input" ? undefined : decimal ? "decimal" : "numeric";
      return (
        <input type={textTypes[element.type]} inputMode={inputMode} autoComplete="off" spellCheck={false} {...props} />
      );
    }
    case "static_select": {
      const chosen = optionsIn(value["selected_option"])[0];
      return (
        <span className="select select-wide">
          <select
            {...common}
            value={chosen?.value ?? ""}
            onChange={({ target }) =>
              set({ selected_option: optionsOf(element).find((option) => option.value === target.value) ?? null })
            }
          >
            <option value="" disabled>
              {plain(element.placeholder, "Choose an option")}
            </option>
            <SelectOptions select={element} />
          </select>
          <Icon name="chevron" />
        </span>
      );
    }
    case "radio_buttons":
    case "checkboxes": {
      const radio = element.type === "radio_buttons";
      const chosen = optionsIn(radio ? value["selected_option"] : value["selected_options"]);
      const find = (values: readonly string[]) =>
        element.options.filter((option) => values.includes(option.value ?? ""));
      return (
        <Choices
          kind={radio ? "radio" : "checkbox"}
          options={element.options}
          chosen={chosen.map((option) => option.value ?? "")}
          onChoose={(values) =>
            set(radio ? { selected_option: find(values)[0] ?? null } : { selected_options: find(values) })
          }
          labelledBy={`${id}-label`}
          describedBy={described}
        />
      );
    }
    case "datepicker":
      return (
        <input
          type="date"
          {...common}
          value={textOf(value["selected_date"])}
          onChange={({ target }) => set({ selected_date: target.value || null })}
        />
      );
    case "timepicker":
      return (
        <input
          type="time"
          {...common}
          value={textOf(value["selected_time"])}
          onChange={({ target }) => set({ selected_time: target.value || null })}
        />
      );
    default:
      return <p className="cannot-draw">A “{element.type}” stands here, which this page does not draw.</p>;
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** One option or several, as the form keeps them. */
function optionsIn(value: unknown): readonly Option[] {
  if (Array.isArray(value)) return value as readonly Option[];
  return typeof value === "object" && value !== null ? [value as Option] : [];
}
