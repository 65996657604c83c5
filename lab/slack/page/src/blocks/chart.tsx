import { AxisChartView } from "./axis-chart.tsx";
import type { DataVisualizationBlock } from "./block-types.ts";
import { PieChartView } from "./pie-chart.tsx";

/** A titled chart; the figures stand in a table for those who do not see the drawing. */
export function Chart({ block: { title, chart } }: { block: DataVisualizationBlock }) {
  const rows =
    chart.type === "pie"
      ? chart.segments.map(({ label, value }) => [label, value] as const)
      : chart.series.flatMap(({ name, data }) => data.map(({ label, value }) => [`${name}, ${label}`, value] as const));
  return (
    <figure className="chart">
      <figcaption className="chart-title">{title}</figcaption>
      {chart.type === "pie" ? <PieChartView chart={chart} /> : <AxisChartView chart={chart} />}
      <div className="sr-only">
        <table>
          <caption>{title}</caption>
          <tbody>
            {rows.map(([label, value]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
