import type { ContextActionsBlock, FeedbackButtons, IconButton } from "@slack/types";
import { useState } from "react";
import { Icon } from "../parts/icon.tsx";
import { plain } from "../text/text-object.tsx";
import { actionIdOf, useAsked } from "./elements.tsx";

/** Small buttons under a message: thumbs up and down, and icons such as the waste bin. */
export function ContextActions({ block }: { block: ContextActionsBlock }) {
  return (
    <div className="context-actions">
      {block.elements.map((element, index) => {
        const key = element.action_id ?? String(index);
        return element.type === "feedback_buttons" ? (
          <Feedback key={key} element={element} />
        ) : (
          <IconAction key={key} element={element} />
        );
      })}
    </div>
  );
}

function Feedback({ element }: { element: FeedbackButtons }) {
  const { ask, after } = useAsked(undefined);
  const [given, setGiven] = useState<string>();
  const sides = [
    { icon: "up", button: element.positive_button },
    { icon: "down", button: element.negative_button },
  ] as const;
  return (
    <>
      {sides.map(({ icon, button }) => (
        <button
          key={icon}
          type="button"
          className="feedback"
          aria-pressed={given === button.value}
          aria-label={button.accessibility_label}
          onClick={() => {
            setGiven(button.value);
            ask({ action_id: actionIdOf(element, "feedback_buttons"), value: button.value });
          }}
        >
          <Icon name={icon} />
          {plain(button.text)}
        </button>
      ))}
      {after}
    </>
  );
}

function IconAction({ element }: { element: IconButton }) {
  const { ask, after } = useAsked(element.confirm);
  const acted = {
    action_id: actionIdOf(element, "icon_button"),
    ...(element.value === undefined ? {} : { value: element.value }),
  };
  return (
    <>
      <button type="button" className="feedback" aria-label={element.accessibility_label} onClick={() => ask(acted)}>
        <Icon name={element.icon === "trash" ? "trash" : "circle"} />
        {plain(element.text)}
      </button>
      {after}
    </>
  );
}
