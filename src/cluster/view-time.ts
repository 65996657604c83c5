/** Times with microseconds are typed as Date, but client-node 2.0.1 leaves them as text. */
export function unixMs(time: Date | undefined): number | undefined {
  if (time === undefined || time === null) return undefined;
  const ms = new Date(time).getTime();
  return Number.isFinite(ms) ? ms : undefined;
}
