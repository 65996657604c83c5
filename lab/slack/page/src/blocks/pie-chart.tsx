import type { PieChart } from "./block-types.ts";
import { Legend } from "./legend.tsx";

const RADIUS = 70;
const HOLE = 38;

/** Shares of a whole as a ring, with the shares in words beside it. */
export function PieChartView({ chart }: { chart: PieChart }) {
  const total = chart.segments.reduce((sum, { value }) => sum + value, 0) || 1;
  const starts = chart.segments.map((_, index) =>
    chart.segments.slice(0, index).reduce((sum, { value }) => sum + value, 0),
  );
  const percent = (value: number) => `${Math.round((value / total) * 100)} %`;
  return (
    <div className="chart-pie">
      <svg
        width={RADIUS * 2}
        height={RADIUS * 2}
        viewBox={`${-RADIUS} ${-RADIUS} ${RADIUS * 2} ${RADIUS * 2}`}
        aria-hidden="true"
      >
        {chart.segments.map(({ label, value }, index) => (
          <path
            key={label}
            className="chart-slice"
            data-series={index}
            d={ringSlice((starts[index] ?? 0) / total, ((starts[index] ?? 0) + value) / total)}
          />
        ))}
      </svg>
      <Legend names={chart.segments.map(({ label, value }) => `${label} · ${percent(value)}`)} />
    </div>
  );
}

/** A slice from one share of the turn to another, clockwise from the top. */
function ringSlice(from: number, to: number): string {
  // A whole turn would begin and end at one point, which draws nothing.
  const end = Math.min(to, from + 0.9999);
  const at = (share: number, radius: number) => {
    const angle = share * 2 * Math.PI;
    return `${(Math.sin(angle) * radius).toFixed(2)},${(-Math.cos(angle) * radius).toFixed(2)}`;
  };
  const large = end - from > 0.5 ? 1 : 0;
  return `M${at(from, RADIUS)} A${RADIUS},${RADIUS} 0 ${large} 1 ${at(end, RADIUS)} L${at(end, HOLE)} A${HOLE},${HOLE} 0 ${large} 0 ${at(from, HOLE)} Z`;
}
