/** Longest line that is kept; what is longer is not ours. */
const MAX_LINE = 4_096;

/** Cuts a stream into whole lines, wherever its chunks end. The returned function takes one chunk. */
export function lineReader(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, MAX_LINE);
    for (const line of lines) onLine(line);
  };
}
