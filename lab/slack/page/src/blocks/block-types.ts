import type { Button, KnownBlock, RawNumberElement, RawTextElement, RichTextBlock } from "@slack/types";

/** Values by category; every series has every category. */
type ChartSeries = {
  readonly name: string;
  readonly data: readonly { readonly label: string; readonly value: number }[];
};

export type AxisChart = {
  readonly type: "line" | "bar" | "area";
  readonly series: readonly ChartSeries[];
  readonly axis_config: {
    readonly categories: readonly string[];
    readonly x_label?: string;
    readonly y_label?: string;
  };
};

export type PieChart = {
  readonly type: "pie";
  readonly segments: readonly { readonly label: string; readonly value: number }[];
};

/** Not in @slack/types 3.2.0. */
export type DataVisualizationBlock = {
  readonly type: "data_visualization";
  readonly block_id?: string;
  readonly title: string;
  readonly chart: AxisChart | PieChart;
};

/** A button in a data table; the fallback is for clients that cannot draw one. */
type ActionCell = { readonly type: "action_cell"; readonly element: Button };

export type Cell = RawTextElement | RawNumberElement | RichTextBlock | ActionCell;

/** Every block this page can draw. */
export type DrawnBlock = KnownBlock | DataVisualizationBlock;
