import { createContext, use, useState } from "react";
import type { ActionRequest } from "#lab/slack/protocol.ts";

/** What a control yields when a person uses it. */
export type Acted = Pick<ActionRequest, "action_id" | "value" | "selected_option" | "selected_options"> & {
  readonly [more: string]: unknown;
};

/** Sends an action of the message or view around; resolves with what the person is told when it failed. */
export type Act = (blockId: string, acted: Acted) => Promise<string | undefined>;

export const ActContext = createContext<Act>(async () => "Nothing happens here.");

/** The block around a control. */
export const BlockIdContext = createContext("");

/** Runs an action of the current block: whether one is on its way, and what went wrong with the last. */
export function useAct(): { act: (acted: Acted) => Promise<void>; busy: boolean; failure: string | undefined } {
  const send = use(ActContext);
  const blockId = use(BlockIdContext);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const act = async (acted: Acted) => {
    setBusy(true);
    setFailure(undefined);
    try {
      setFailure(await send(blockId, acted));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return { act, busy, failure };
}
