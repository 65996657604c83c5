import { z } from "zod";
import { button } from "./elements.ts";
import { LIMIT } from "./limits.ts";
import { richText } from "./rich-text.ts";
import { words } from "./text.ts";

const block_id = z.string().max(LIMIT.id).optional();
const rawText = z.strictObject({ type: z.literal("raw_text"), text: z.string().min(1) });
const rawNumber = z.strictObject({
  type: z.literal("raw_number"),
  value: z.number(),
  text: z.string().min(1).optional(),
});
const cell = z.discriminatedUnion("type", [rawText, rawNumber, richText]);
const actionCell = z.looseObject({ type: z.literal("action_cell"), elements: z.array(button).min(1).optional() });
const dataCell = z.discriminatedUnion("type", [rawText, rawNumber, richText, actionCell]);

/** Characters people see in the cells: every string called `text` below `value`. */
function cellCharacters(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + cellCharacters(item), 0);
  if (typeof value !== "object" || value === null) return 0;
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + (key === "text" && typeof item === "string" ? item.length : cellCharacters(item)),
    0,
  );
}

const shortEnough = (max: number) => (rows: unknown) => cellCharacters(rows) <= max;

export const table = z.strictObject({
  type: z.literal("table"),
  block_id,
  rows: z
    .array(z.array(cell).min(1).max(LIMIT.tableColumns))
    .min(1)
    .max(LIMIT.tableRows)
    .refine(
      shortEnough(LIMIT.tableCharacters),
      `must have less than ${LIMIT.tableCharacters + 1} characters in all cells`,
    ),
  column_settings: z
    .array(
      z.strictObject({ align: z.enum(["left", "center", "right"]).optional(), is_wrapped: z.boolean().optional() }),
    )
    .max(LIMIT.tableColumns)
    .optional(),
});

export const dataTable = z.strictObject({
  type: z.literal("data_table"),
  block_id,
  caption: words(LIMIT.text),
  page_size: z.number().int().min(1).max(LIMIT.dataTablePage).optional(),
  row_header_column_index: z
    .number()
    .int()
    .min(0)
    .max(LIMIT.tableColumns - 1)
    .optional(),
  rows: z
    .array(z.array(dataCell).min(1).max(LIMIT.tableColumns))
    .min(2)
    .max(LIMIT.dataTableRows)
    .refine(
      shortEnough(LIMIT.dataTableCharacters),
      `must have less than ${LIMIT.dataTableCharacters + 1} characters in all cells`,
    )
    .refine(
      (rows) => rows.every((row) => row.length === rows[0]?.length),
      "all rows must have the same number of cells",
    )
    .refine((rows) => rows[0]?.every((header) => header.type !== "rich_text"), "header cells cannot be rich_text"),
});

const label = words(LIMIT.chartLabel);
const series = z.strictObject({
  name: label,
  data: z
    .array(z.strictObject({ label, value: z.number() }))
    .min(1)
    .max(LIMIT.chartPoints),
});
const axes = z.strictObject({
  categories: z.array(label).min(1).max(LIMIT.chartPoints),
  x_label: z.string().max(LIMIT.chartAxisLabel).optional(),
  y_label: z.string().max(LIMIT.chartAxisLabel).optional(),
});
const xyChart = <T extends string>(type: T) =>
  z
    .strictObject({ type: z.literal(type), series: z.array(series).min(1).max(LIMIT.chartSeries), axis_config: axes })
    .refine(
      (chart) => new Set(chart.series.map(({ name }) => name)).size === chart.series.length,
      "series names must be unique",
    )
    .refine(
      ({ series: all, axis_config: { categories } }) =>
        all.every(
          ({ data }) => data.length === categories.length && categories.every((c) => data.some((d) => d.label === c)),
        ),
      "every series must have exactly one value for every category",
    );

export const dataVisualization = z.strictObject({
  type: z.literal("data_visualization"),
  block_id,
  title: words(LIMIT.chartTitle),
  chart: z.discriminatedUnion("type", [
    xyChart("line"),
    xyChart("bar"),
    xyChart("area"),
    z.strictObject({
      type: z.literal("pie"),
      segments: z
        .array(z.strictObject({ label, value: z.number().positive() }))
        .min(1)
        .max(LIMIT.chartSeries),
    }),
  ]),
});
