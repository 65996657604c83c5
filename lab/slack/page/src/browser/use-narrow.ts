import { useSyncExternalStore } from "react";

/** The width below which the style sheet shows one column at a time (layout.css). */
const query = () => matchMedia("(max-width: 700px)");

const subscribe = (listener: () => void) => {
  const list = query();
  list.addEventListener("change", listener);
  return () => list.removeEventListener("change", listener);
};

/** Whether the window shows one column only. */
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => query().matches);
