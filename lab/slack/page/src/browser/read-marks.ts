import { useCallback, useMemo } from "react";
import { perBrowser, useStored } from "./stored.ts";

export type ReadMarks = {
  /** The ts up to which this person has read the channel; undefined when never opened. */
  readonly upTo: (channel: string) => string | undefined;
  readonly mark: (channel: string, ts: string) => void;
};

/** How far the acting person has read each channel, remembered in this browser. */
export function useReadMarks(userId: string): ReadMarks {
  const [stored, store] = useStored("lab-slack-read", perBrowser);
  const marks = useMemo(() => parse(stored), [stored]);
  const upTo = useCallback((channel: string) => marks[`${userId}/${channel}`], [marks, userId]);
  const mark = useCallback(
    (channel: string, ts: string) => {
      const key = `${userId}/${channel}`;
      if ((marks[key] ?? "") < ts) store(JSON.stringify({ ...marks, [key]: ts }));
    },
    [marks, store, userId],
  );
  return useMemo(() => ({ upTo, mark }), [upTo, mark]);
}

function parse(stored: string | undefined): Record<string, string> {
  try {
    const value: unknown = JSON.parse(stored ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, string>) : {};
  } catch {
    return {};
  }
}
