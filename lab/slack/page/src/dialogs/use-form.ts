import { useCallback, useMemo, useState } from "react";
import type { Json, View, ViewValues } from "#lab/slack/protocol.ts";

type Filled = { values: ViewValues; set: (blockId: string, actionId: string, value: Json) => void };

/** The values of a view's inputs: what was entered here, over what the view holds. Survives updates that keep the ids. */
export function useForm(view: View): Filled {
  const [entered, setEntered] = useState<ViewValues>({});
  const values = useMemo(() => {
    const merged = Object.entries(view.state.values).map(([blockId, actions]) => {
      const kept = Object.entries(entered[blockId] ?? {}).filter(([actionId]) => actionId in actions);
      return [blockId, { ...actions, ...Object.fromEntries(kept) }];
    });
    return Object.fromEntries(merged) as ViewValues;
  }, [view.state.values, entered]);
  const set = useCallback((blockId: string, actionId: string, value: Json) => {
    setEntered((before) => ({ ...before, [blockId]: { ...before[blockId], [actionId]: value } }));
  }, []);
  return { values, set };
}
