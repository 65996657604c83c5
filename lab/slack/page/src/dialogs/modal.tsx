import type { PlainTextElement } from "@slack/types";
import { useCallback, useMemo, useState } from "react";
import type { Json, View } from "#lab/slack/protocol.ts";
import type { Act } from "../blocks/acting.tsx";
import { ActContext } from "../blocks/acting.tsx";
import { Blocks } from "../blocks/blocks.tsx";
import { FormContext } from "../blocks/form-values.ts";
import { useLab } from "../live/context.tsx";
import { server } from "../live/server.ts";
import { Icon } from "../parts/icon.tsx";
import { plain } from "../text/text-object.tsx";
import { Dialog } from "./dialog.tsx";
import { useForm } from "./use-form.ts";

/** A modal that the app opened for the acting person: inputs, what is wrong with them, submit and close. */
export function Modal({ view }: { view: View }) {
  const { actor } = useLab();
  const { values, set: setValue } = useForm(view);
  const [errors, setErrors] = useState<{ readonly [blockId: string]: string }>({});
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const title = text(view.title, "Dialog");

  const set = useCallback(
    (blockId: string, actionId: string, value: Json) => {
      setValue(blockId, actionId, value);
      setErrors(({ [blockId]: _, ...others }) => others);
    },
    [setValue],
  );
  const form = useMemo(() => ({ values, errors, set }), [values, errors, set]);
  const act = useCallback<Act>(
    async (block_id, acted) => {
      const delivery = await server.action({ user: actor.id, view_id: view.id, block_id, values, ...acted });
      return delivery.notice ?? (delivery.failed && "This could not be done: the app did not answer.");
    },
    [actor.id, view.id, values],
  );

  const attempt = async (work: () => Promise<string | undefined>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      setProblem(await work());
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const submit = () =>
    attempt(async () => {
      const result = await server.submitView({ user: actor.id, view_id: view.id, values });
      setErrors(result.errors ?? {});
      return result.notice ?? (result.failed && "We had some trouble connecting. Try again?");
    });
  const close = () =>
    void attempt(async () => {
      await server.closeView({ user: actor.id, view_id: view.id });
      return undefined;
    });

  return (
    <Dialog label={title} className="modal" onClose={close}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header className="dialog-head">
          <h2>{title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <div className="dialog-body">
          <ActContext value={act}>
            <FormContext value={form}>
              <Blocks blocks={view.blocks} />
            </FormContext>
          </ActContext>
        </div>
        <footer className="dialog-foot">
          {problem && (
            <span className="failure" role="alert">
              <Icon name="warning" />
              {problem}
            </span>
          )}
          <button type="button" className="button" onClick={close}>
            {text(view.close, "Cancel")}
          </button>
          {view.submit && (
            <button type="submit" className="button button-primary" aria-busy={busy} disabled={busy}>
              {text(view.submit, "Submit")}
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

const text = (object: Json | undefined, otherwise: string): string =>
  plain(object as unknown as PlainTextElement | undefined, otherwise);
