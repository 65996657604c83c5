import type { PointerEvent } from "react";
import { useState } from "react";
import { useWidth } from "../browser/use-width.ts";
import type { AxisChart } from "./block-types.ts";
import type { Point } from "./chart-scale.ts";
import { labelStep, niceTicks, shortNumber, smoothPath } from "./chart-scale.ts";
import { Legend } from "./legend.tsx";

const HEIGHT = 200;
const EDGE = { top: 10, right: 14, bottom: 24 };
/** About the width of one character of an axis label. */
const CHAR_PX = 7;

/** Lines, areas or grouped bars over categories. Drawn at the width it gets, so that its text keeps its size. */
export function AxisChartView({ chart }: { chart: AxisChart }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  return (
    <div ref={ref} className="chart-plot">
      {width > 0 && <Plot chart={chart} width={width} />}
      {(chart.series.length > 1 || chart.axis_config.x_label) && (
        <div className="chart-foot">
          {chart.series.length > 1 && <Legend names={chart.series.map(({ name }) => name)} />}
          {chart.axis_config.x_label && <span className="chart-axis-label">{chart.axis_config.x_label}</span>}
        </div>
      )}
    </div>
  );
}

function Plot({ chart, width }: { chart: AxisChart; width: number }) {
  const [hovered, setHovered] = useState<number>();
  const { categories, y_label } = chart.axis_config;
  const values = chart.series.flatMap(({ data }) => data.map(({ value }) => value));
  const ticks = niceTicks(Math.min(...values), Math.max(...values));
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const left = Math.max(...ticks.map((tick) => shortNumber(tick).length)) * CHAR_PX + 14 + (y_label ? 14 : 0);
  const inner = Math.max(width - left - EDGE.right, 1);
  const band = inner / Math.max(categories.length, 1);
  const bottom = HEIGHT - EDGE.bottom;

  const xOf = (index: number) => left + (index + 0.5) * band;
  const yOf = (value: number) => bottom - ((value - low) / (high - low || 1)) * (bottom - EDGE.top);
  const valueAt = (series: number, category: number) => {
    const data = chart.series[series]?.data;
    return data?.find(({ label }) => label === categories[category])?.value ?? data?.[category]?.value;
  };
  const pointsOf = (series: number): Point[] =>
    categories.flatMap((_, index) => {
      const value = valueAt(series, index);
      return value === undefined ? [] : [{ x: xOf(index), y: yOf(value) }];
    });
  const longest = Math.max(...categories.map((label) => label.length), 1);
  const every = labelStep(categories.length, longest * CHAR_PX + 8, inner);
  const onPointerMove = (event: PointerEvent<SVGSVGElement>) => {
    const at = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left - left) / band);
    setHovered(at >= 0 && at < categories.length ? at : undefined);
  };

  return (
    <>
      <svg
        className="chart-svg"
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        aria-hidden="true"
        onPointerMove={onPointerMove}
        onPointerLeave={() => setHovered(undefined)}
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line className="chart-grid" x1={left} x2={width - EDGE.right} y1={yOf(tick)} y2={yOf(tick)} />
            <text className="chart-label" x={left - 7} y={yOf(tick)} dy="0.32em" textAnchor="end">
              {shortNumber(tick)}
            </text>
          </g>
        ))}
        {y_label && (
          <text
            className="chart-label"
            transform={`translate(10 ${(EDGE.top + bottom) / 2}) rotate(-90)`}
            textAnchor="middle"
          >
            {y_label}
          </text>
        )}
        {categories.map(
          (label, index) =>
            index % every === 0 && (
              <text key={label} className="chart-label" x={xOf(index)} y={HEIGHT - 7} textAnchor="middle">
                {label}
              </text>
            ),
        )}
        {hovered !== undefined && (
          <line className="chart-cursor" x1={xOf(hovered)} x2={xOf(hovered)} y1={EDGE.top} y2={bottom} />
        )}
        {chart.series.map(({ name }, series) =>
          chart.type === "bar" ? (
            <Bars
              key={name}
              points={pointsOf(series)}
              series={series}
              of={chart.series.length}
              band={band}
              zero={yOf(0)}
            />
          ) : (
            <Curve key={name} points={pointsOf(series)} series={series} filled={chart.type === "area"} zero={yOf(0)} />
          ),
        )}
        {hovered !== undefined &&
          chart.type !== "bar" &&
          chart.series.map(({ name }, series) => {
            const value = valueAt(series, hovered);
            return value === undefined ? null : (
              <circle key={name} className="chart-dot" data-series={series} cx={xOf(hovered)} cy={yOf(value)} r={4} />
            );
          })}
      </svg>
      {hovered !== undefined && (
        <div
          className="chart-tip"
          data-side={xOf(hovered) > width / 2 ? "left" : "right"}
          style={{ left: xOf(hovered) }}
        >
          <strong>{categories[hovered]}</strong>
          {chart.series.map(({ name }, series) => (
            <span key={name}>
              <span className="chart-key" data-series={series} />
              {name} {shortNumber(valueAt(series, hovered) ?? 0)}
            </span>
          ))}
        </div>
      )}
    </>
  );
}

function Curve({
  points,
  series,
  filled,
  zero,
}: {
  points: readonly Point[];
  series: number;
  filled: boolean;
  zero: number;
}) {
  const path = smoothPath(points);
  const [first, last] = [points[0], points.at(-1)];
  return (
    <g data-series={series}>
      {filled && first && last && (
        <path className="chart-area" d={`${path} L${last.x},${zero} L${first.x},${zero} Z`} />
      )}
      <path className="chart-line" d={path} />
      {points.length === 1 && first && (
        <circle className="chart-dot" data-series={series} cx={first.x} cy={first.y} r={3} />
      )}
    </g>
  );
}

type BarsProps = { points: readonly Point[]; series: number; of: number; band: number; zero: number };

function Bars({ points, series, of, band, zero }: BarsProps) {
  const group = Math.min(band * 0.72, 56);
  const width = group / of;
  return (
    <g data-series={series}>
      {points.map(({ x, y }) => (
        <rect
          key={x}
          className="chart-bar"
          x={x - group / 2 + series * width}
          y={Math.min(y, zero)}
          width={Math.max(width - 1, 1)}
          height={Math.abs(zero - y)}
          rx={Math.min(2, width / 3)}
        />
      ))}
    </g>
  );
}
