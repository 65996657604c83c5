import { createContext } from "react";
import type { Json, ViewValues } from "#lab/slack/protocol.ts";

/** What is filled into a view, and which inputs were found wrong; by block_id. */
export type Form = {
  readonly values: ViewValues;
  readonly errors: { readonly [blockId: string]: string };
  readonly set: (blockId: string, actionId: string, value: Json) => void;
};

export const FormContext = createContext<Form | undefined>(undefined);
