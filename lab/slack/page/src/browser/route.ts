import { useSyncExternalStore } from "react";

/** What is open, kept in the address (`#/C1/1690000000.000100`) so that Back, reload and links work. */
export type Route = {
  readonly place: "list" | "channel" | "home";
  readonly channel?: string;
  /** The parent's ts of the open thread. */
  readonly thread?: string;
};

function parseRoute(hash: string): Route {
  const [, place, thread] = hash.replace(/^#/, "").split("/");
  if (!place) return { place: "list" };
  if (place === "home") return { place: "home" };
  const channel = decodeURIComponent(place);
  return thread ? { place: "channel", channel, thread } : { place: "channel", channel };
}

export const linkTo = {
  list: "#/",
  home: "#/home",
  channel: (id: string) => `#/${encodeURIComponent(id)}`,
  thread: (channel: string, ts: string) => `#/${encodeURIComponent(channel)}/${ts}`,
};

const subscribe = (listener: () => void) => {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
};

export const useRoute = (): Route => parseRoute(useSyncExternalStore(subscribe, () => location.hash));
