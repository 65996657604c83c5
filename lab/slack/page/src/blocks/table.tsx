import type { TableBlock } from "@slack/types";
import { RichText } from "../text/rich-text.tsx";
import type { Cell } from "./block-types.ts";
import { ButtonElement } from "./elements.tsx";

/** A plain table; its first row is the heading. Wide ones scroll sideways within themselves. */
export function Table({ block }: { block: TableBlock }) {
  const [head = [], ...rows] = block.rows;
  const settings = (column: number) => {
    const setting = block.column_settings?.[column];
    return { "data-align": setting?.align ?? "left", "data-wrap": setting?.is_wrapped ?? false };
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="table-scroll" aria-label="Table" tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            {head.map((cell, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns are known by their position only.
              <th key={column} scope="col" {...settings(column)}>
                <CellView cell={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are known by their position only.
            <tr key={index}>
              {row.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns are known by their position only.
                <td key={column} {...settings(column)}>
                  <CellView cell={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function CellView({ cell }: { cell: Cell }) {
  switch (cell.type) {
    case "raw_text":
      return cell.text;
    case "raw_number":
      return cell.text ?? String(cell.value);
    case "rich_text":
      return <RichText block={cell} />;
    case "action_cell":
      return <ButtonElement button={cell.element} />;
    default:
      return null;
  }
}
