import type { LabEvent, LabState } from "#lab/slack/protocol.ts";
import { applyEvent } from "./apply-event.ts";
import { server } from "./server.ts";

export type Connection = "connecting" | "connected" | "lost";

export type Snapshot = { readonly connection: Connection; readonly state?: LabState };

const RETRY_MS = 1_000;

/**
 * The lab Slack as this page knows it: the state read once, then kept true by the event stream. Each time the stream
 * opens (again) the state is read anew; events that arrive meanwhile wait and are applied on top.
 */
export class Live {
  #snapshot: Snapshot = { connection: "connecting" };
  readonly #listeners = new Set<() => void>();
  readonly #eventListeners = new Set<(event: LabEvent) => void>();
  #waiting: LabEvent[] | undefined;
  #reading: AbortController | undefined;
  #source: EventSource | undefined;

  readonly snapshot = (): Snapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Every event as it arrives, for what is not state: unread marks, announcements. */
  onEvent(listener: (event: LabEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  connect(): void {
    this.#source?.close();
    const source = new EventSource("/lab/events");
    this.#source = source;
    source.onopen = () => void this.#read();
    source.onmessage = ({ data }: MessageEvent<string>) => this.#receive(JSON.parse(data) as LabEvent);
    source.onerror = () => {
      this.#set({ ...this.#snapshot, connection: "lost" });
      // The browser tries again by itself after a broken connection, but not after a refusal.
      if (source.readyState === EventSource.CLOSED)
        setTimeout(() => this.#source === source && this.connect(), RETRY_MS);
    };
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
    this.#reading?.abort();
  }

  async #read(): Promise<void> {
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.#waiting = [];
    try {
      const state = await server.state(reading.signal);
      if (reading.signal.aborted) return;
      const caughtUp = this.#waiting.reduce(applyEvent, state);
      this.#waiting = undefined;
      this.#set({ connection: "connected", state: caughtUp });
    } catch {
      if (reading.signal.aborted) return;
      this.#set({ ...this.#snapshot, connection: "lost" });
      setTimeout(() => this.#source && this.connect(), RETRY_MS);
    }
  }

  #receive(event: LabEvent): void {
    if (event.type === "reset") {
      void this.#read();
      return;
    }
    for (const listener of this.#eventListeners) listener(event);
    if (this.#waiting) this.#waiting.push(event);
    else if (this.#snapshot.state) this.#set({ ...this.#snapshot, state: applyEvent(this.#snapshot.state, event) });
  }

  #set(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}
