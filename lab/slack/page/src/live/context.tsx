import { createContext, use, useSyncExternalStore } from "react";
import type { LabState, User } from "#lab/slack/protocol.ts";
import type { Directory } from "./directory.ts";
import type { Live, Snapshot } from "./live.ts";

/** What every part of the page may know: the workspace, who acts, and the names behind IDs. */
export type Lab = {
  readonly state: LabState;
  readonly actor: User;
  readonly directory: Directory;
};

export const LabContext = createContext<Lab | undefined>(undefined);

/** The workspace as it is now. Only below the part of the tree that has one. */
export function useLab(): Lab {
  const lab = use(LabContext);
  if (!lab) throw new Error("useLab outside of a loaded workspace");
  return lab;
}

export const useSnapshot = (live: Live): Snapshot => useSyncExternalStore(live.subscribe, live.snapshot);
