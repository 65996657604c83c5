import { MOST_POINTS } from "./sightings.ts";

/** Connections that are remembered, twice; then the older half goes. */
const MOST = 100_000;
const POINTS = 2 ** MOST_POINTS - 1;

/**
 * At which points packets of a connection were seen by the own addresses of both ends. Nodes may mask their pods' packets to whatever
 * is no pod: on the far side of that they have another address, which is not always known (egress gateways, clouds), and nothing
 * of the connection is seen there though it is answered from there.
 */
export class ConnectionPoints {
  #newer = new Map<number, number>();
  #older = new Map<number, number>();

  note(connection: number, point: number, backward: boolean): void {
    const before = this.#newer.get(connection) ?? 0;
    const now = before | (1 << (backward ? point + MOST_POINTS : point));
    if (now === before) return;
    if (before === 0 && this.#newer.size >= MOST) [this.#older, this.#newer] = [this.#newer, new Map()];
    this.#newer.set(connection, now);
  }

  /**
   * The points, one a bit, that have seen nothing of a connection either way although one point has seen packets of it both ways: its
   * answers have come from beyond, so what passes there is not seen by these addresses. 0 for a connection that nobody answers:
   * it may be lost there.
   */
  hiddenAt(connection: number): number {
    const seen = (this.#newer.get(connection) ?? 0) | (this.#older.get(connection) ?? 0);
    const [forward, backward] = [seen & POINTS, seen >>> MOST_POINTS];
    return (forward & backward) === 0 ? 0 : ~(forward | backward) & POINTS;
  }
}
