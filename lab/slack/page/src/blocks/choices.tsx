import type { Checkboxes, Option, RadioButtons } from "@slack/types";
import { useId } from "react";
import { Text } from "../text/text-object.tsx";
import { actionIdOf, useAsked } from "./elements.tsx";

type ChoicesProps = {
  kind: "radio" | "checkbox";
  options: readonly Option[];
  chosen: readonly string[];
  onChoose: (values: readonly string[]) => void;
  labelledBy?: string | undefined;
  describedBy?: string | undefined;
};

/** Radio buttons or checkboxes with their descriptions; values in, values out. */
export function Choices({ kind, options, chosen, onChoose, labelledBy, describedBy }: ChoicesProps) {
  const name = useId();
  const choose = (value: string, on: boolean) => {
    if (kind === "radio") onChoose([value]);
    else onChoose(on ? [...chosen, value] : chosen.filter((other) => other !== value));
  };
  return (
    <fieldset className="choices" aria-labelledby={labelledBy} aria-describedby={describedBy}>
      {options.map((option) => {
        const value = option.value ?? option.text.text;
        return (
          <label key={value} className="choice">
            <input
              type={kind}
              name={name}
              checked={chosen.includes(value)}
              onChange={({ target }) => choose(value, target.checked)}
            />
            <span>
              <Text text={option.text} />
              {option.description && <span className="hint">{<Text text={option.description} />}</span>}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}

const valuesOf = (options: readonly Option[] | undefined) =>
  (options ?? []).map((option) => option.value ?? option.text.text);

/** Radio buttons or checkboxes in a message: each change is an action. */
export function ChoicesElement({ element }: { element: RadioButtons | Checkboxes }) {
  const { ask, after } = useAsked(element.confirm);
  const action_id = actionIdOf(element, element.type);
  if (element.type === "radio_buttons")
    return (
      <>
        <Choices
          kind="radio"
          options={element.options}
          chosen={valuesOf(element.initial_option ? [element.initial_option] : [])}
          onChoose={([value = ""]) => ask({ action_id, selected_option: { value } })}
        />
        {after}
      </>
    );
  return (
    <>
      <Choices
        kind="checkbox"
        options={element.options}
        chosen={valuesOf(element.initial_options)}
        onChoose={(values) => ask({ action_id, selected_options: values.map((value) => ({ value })) })}
      />
      {after}
    </>
  );
}
