import type { WebSocket } from "ws";
import { ExecError } from "./exec-error.ts";

const STDIN = 0;
const CLOSE = 255;
/** Bytes that may wait in the socket before `write` waits for it. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const FRAME_BYTES = 32 * 1024;

/** The way into a running command. */
export type ExecStdin = {
  /** Waits while more than 1 MiB is unsent; rejects with `lost` once the connection is gone. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /**
   * End of file, where the protocol has it (v5). v4 can only close everything, which loses the exit code, so it is refused
   * there with `api`: send input that says its own length.
   */
  readonly end: () => void;
};

export function execStdin(ws: WebSocket): ExecStdin {
  const waiters = new Set<() => void>();
  const wake = () => {
    for (const waiter of waiters) waiter();
    waiters.clear();
  };
  ws.once("close", wake);
  const gone = () => new ExecError("lost", "The connection closed before the input was sent.");

  return {
    write: async (bytes) => {
      for (let start = 0; start < bytes.length; start += FRAME_BYTES) {
        while (ws.readyState === ws.OPEN && ws.bufferedAmount > MAX_BUFFERED_BYTES)
          await new Promise<void>((resolve) => waiters.add(resolve));
        if (ws.readyState !== ws.OPEN) throw gone();
        const part = bytes.subarray(start, start + FRAME_BYTES);
        const frame = new Uint8Array(part.length + 1);
        frame[0] = STDIN;
        frame.set(part, 1);
        ws.send(frame, wake);
      }
    },
    end: () => {
      if (ws.readyState !== ws.OPEN) throw gone();
      if (ws.protocol !== "v5.channel.k8s.io")
        throw new ExecError("api", "This API server speaks exec v4, which cannot end the input.");
      ws.send(Uint8Array.of(CLOSE, STDIN));
    },
  };
}
