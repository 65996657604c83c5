import { readFileSync } from "node:fs";

/** The recorded output of a real tool. */
export function transcript(name: string): string {
  return readFileSync(new URL(`../fixtures/transcripts/${name}`, import.meta.url), "utf8");
}
