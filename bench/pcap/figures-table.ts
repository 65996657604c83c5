/** In the order in which they are printed. Ratios are how many times the user CPU of netcheck the other one needs. */
const COLUMNS = [
  ...["packets", "size", "from a file", "user CPU", "memory", "tshark", "tshark lean", "tshark -2", "tcptrace"],
  ...["pipe", "long pipe", "gzip", "zstd"],
] as const;
export type Column = (typeof COLUMNS)[number];

/** What docs/performance.md holds: a row for each kind of capture, and in front of it what a start costs. */
export class FiguresTable {
  readonly #rows = new Map<string, Map<Column, string>>();
  #start = "";

  start(text: string): void {
    this.#start = text;
  }

  set(kind: string, column: Column, text: string): void {
    const row = this.#rows.get(kind) ?? new Map<Column, string>();
    this.#rows.set(kind, row.set(column, text));
  }

  markdown(): string {
    const used = COLUMNS.filter((column) => [...this.#rows.values()].some((row) => row.has(column)));
    const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
    return [
      this.#start,
      "",
      line(["kind", ...used]),
      `|---|${used.map(() => "---:|").join("")}`,
      ...[...this.#rows].map(([kind, row]) => line([kind, ...used.map((column) => row.get(column) ?? "")])),
    ].join("\n");
  }
}
