import type { OpenInput } from "./pcap-input.ts";

const EVERY_MS = 200;
const BAR = 24;

/**
 * A line on a terminal that says how far reading has come: as a share where the length is known, else in bytes. Nothing is
 * shown in the first moments: a small file is done by then.
 */
export function showProgress(
  out: { readonly write: (text: string) => unknown },
  { name, size }: OpenInput,
): { readonly read: (bytes: number) => void; readonly clear: () => void } {
  const began = performance.now();
  let shownAt = began;
  let shown = false;
  return {
    read: (bytes) => {
      const now = performance.now();
      if (now - shownAt < EVERY_MS) return;
      shownAt = now;
      shown = true;
      const rate = `${(bytes / 1e3 / (now - began)).toFixed(0)} MB/s`;
      out.write(
        `\r${name}  ${size === undefined ? "" : `${bar(bytes / size)}  `}${(bytes / 1e6).toFixed(0)} MB  ${rate}\u001b[K`,
      );
    },
    clear: () => {
      if (shown) out.write("\r\u001b[K");
    },
  };
}

function bar(share: number): string {
  const full = Math.min(BAR, Math.round(share * BAR));
  return `${"█".repeat(full)}${"░".repeat(BAR - full)} ${Math.min(100, share * 100).toFixed(0)} %`;
}
