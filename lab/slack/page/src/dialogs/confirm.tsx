import type { Confirm } from "@slack/types";
import { plain, Text } from "../text/text-object.tsx";
import { Dialog } from "./dialog.tsx";

/** The question a control asks before it acts. */
export function ConfirmDialog({ confirm, onAnswer }: { confirm: Confirm; onAnswer: (yes: boolean) => void }) {
  const title = plain(confirm.title, "Are you sure?");
  return (
    <Dialog label={title} className="dialog-small" onClose={() => onAnswer(false)}>
      <header className="dialog-head">
        <h2>{title}</h2>
      </header>
      <div className="dialog-body">
        <Text text={confirm.text} />
      </div>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={() => onAnswer(false)}>
          {plain(confirm.deny, "Cancel")}
        </button>
        <button
          type="button"
          className={`button ${confirm.style === "danger" ? "button-danger-full" : "button-primary"}`}
          onClick={() => onAnswer(true)}
        >
          {plain(confirm.confirm, "Yes")}
        </button>
      </footer>
    </Dialog>
  );
}
