import type { DataTableBlock } from "@slack/types";
import { useState } from "react";
import { Icon } from "../parts/icon.tsx";
import type { Cell } from "./block-types.ts";
import { CellView } from "./table.tsx";

type Sort = { readonly column: number; readonly direction: "ascending" | "descending" };

/** A table with a caption whose columns sort and whose rows come in pages. */
export function DataTable({ block }: { block: DataTableBlock }) {
  const [sort, setSort] = useState<Sort>();
  const [page, setPage] = useState(0);
  const [head = [], ...rows] = block.rows as readonly (readonly Cell[])[];
  const pageSize = block.page_size ?? 5;
  const pages = Math.max(1, Math.ceil(rows.length / pageSize));
  const at = Math.min(page, pages - 1);
  const shown = sorted(rows, sort).slice(at * pageSize, (at + 1) * pageSize);
  const headerColumn = block.row_header_column_index ?? 0;
  const numeric = (column: number) => rows.length > 0 && rows.every((row) => row[column]?.type === "raw_number");
  const sortBy = (column: number) => {
    const again = sort?.column === column && sort.direction === "ascending";
    setSort({ column, direction: again ? "descending" : "ascending" });
    setPage(0);
  };
  return (
    <div className="data-table">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section className="table-scroll" aria-label={block.caption} tabIndex={0}>
        <table className="table">
          <caption>{block.caption}</caption>
          <thead>
            <tr>
              {head.map((cell, column) => (
                <th
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns are known by their position only.
                  key={column}
                  scope="col"
                  data-align={numeric(column) ? "right" : "left"}
                  aria-sort={sort?.column === column ? sort.direction : "none"}
                >
                  <button type="button" className="sort" onClick={() => sortBy(column)}>
                    <CellView cell={cell} />
                    <Icon name="sort" />
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows are known by their position only.
              <tr key={index}>
                {row.map((cell, column) => {
                  const align = numeric(column) ? "right" : "left";
                  const Tag = column === headerColumn ? "th" : "td";
                  return (
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns are known by their position only.
                    <Tag key={column} data-align={align} {...(Tag === "th" ? { scope: "row" } : {})}>
                      <CellView cell={cell} />
                    </Tag>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {pages > 1 && (
        <nav className="pager" aria-label={`Pages of ${block.caption}`}>
          <button type="button" className="button" disabled={at === 0} onClick={() => setPage(at - 1)}>
            Previous
          </button>
          <span aria-live="polite">
            {at * pageSize + 1}–{Math.min(rows.length, (at + 1) * pageSize)} of {rows.length}
          </span>
          <button type="button" className="button" disabled={at === pages - 1} onClick={() => setPage(at + 1)}>
            Next
          </button>
        </nav>
      )}
    </div>
  );
}

function sorted(rows: readonly (readonly Cell[])[], sort: Sort | undefined): readonly (readonly Cell[])[] {
  if (!sort) return rows;
  const sign = sort.direction === "ascending" ? 1 : -1;
  return rows.toSorted((a, b) => sign * compare(a[sort.column], b[sort.column]));
}

function compare(a: Cell | undefined, b: Cell | undefined): number {
  if (a?.type === "raw_number" && b?.type === "raw_number") return a.value - b.value;
  return wordsOf(a).localeCompare(wordsOf(b), "en", { numeric: true });
}

function wordsOf(cell: Cell | undefined): string {
  if (cell?.type === "raw_text" || cell?.type === "raw_number") return cell.text;
  if (cell?.type === "action_cell") return cell.element.text.text;
  return cell ? JSON.stringify(cell.elements) : "";
}
