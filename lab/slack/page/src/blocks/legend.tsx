/** Names beside the colours of a chart. */
export function Legend({ names }: { names: readonly string[] }) {
  return (
    <ul className="chart-legend" aria-hidden="true">
      {names.map((name, index) => (
        <li key={name}>
          <span className="chart-key" data-series={index} />
          {name}
        </li>
      ))}
    </ul>
  );
}
