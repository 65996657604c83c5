import { statSync } from "node:fs";
import { OutputFile } from "./output-file.ts";
import type { CaptureSummary } from "./pcap/capture-summary.ts";
import { FlowExtract } from "./pcap/flow-extract.ts";
import { CaptureInputError, openInput, readInput, reasonOf } from "./pcap-input.ts";

/**
 * Reads the files again and writes what the findings of `summary` are about to `out`, a pcapng file. Answers how many packets
 * that were. Throws CaptureInputError when `out` cannot be written, or is one of the files.
 */
export async function writeFindings(files: readonly string[], summary: CaptureSummary, out: string): Promise<number> {
  refuseInput(files, out);
  const file = new OutputFile(out, "w", (error) => new CaptureInputError(`${out}: ${reasonOf(error)}`));
  try {
    const extract = new FlowExtract(summary, (bytes) => file.write(bytes));
    for (const path of files) {
      await readInput(openInput(path), extract.reader);
      extract.reader.end();
    }
    file.flush();
    return extract.packets;
  } finally {
    file.close();
  }
}

function refuseInput(files: readonly string[], out: string): void {
  const target = statSync(out, { throwIfNoEntry: false });
  if (!target) return;
  for (const path of files) {
    const { dev, ino } = statSync(path);
    if (dev === target.dev && ino === target.ino)
      throw new CaptureInputError(`${out}: it is one of the captures that are read; write to another file`);
  }
}
