import type { Plan, TaskSpec, Vantage } from "#src/core/plan.ts";
import { type SizedWay, sizedWays } from "#src/core/sized-ways.ts";

/**
 * What `netcheck-mtu` prints in a network that is described by one question: what becomes of a packet of this size, from here
 * to there, at that time. The search is that of the real program, without its pauses.
 */
export type Fate = "crosses" | "vanishes" | { readonly says: string; readonly mtu: number };

export type Sizes = {
  readonly deviceMtu?: (at: Vantage) => number;
  readonly fate?: (from: Vantage, to: Vantage, bytes: number, what: "echo" | "tcp", atS: number) => Fate;
  /** Addresses at which our listener cannot be reached. */
  readonly closed?: (to: Vantage) => boolean;
};

const EVERY_S = 8;

export function printsOfMtu(task: TaskSpec, plan: Plan, sizes: Sizes, untilMs: number): string {
  const at = plan.vantages.find(({ id }) => id === task.subject);
  if (!at) return "";
  const lines: { atMs: number; text: string }[] = [
    { atMs: plan.window.startMs, text: `L ${plan.window.startMs}.0 listening` },
  ];
  for (const way of sizedWays(plan).filter(({ leg }) => leg.from === at.id)) printWay(way, at, plan, sizes, lines);
  return lines
    .filter(({ atMs }) => atMs <= untilMs)
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ text }) => `${text}\n`)
    .join("");
}

function printWay(
  { leg, kind }: SizedWay,
  at: Vantage,
  plan: Plan,
  { deviceMtu = () => 1500, fate = () => "crosses", closed = () => false }: Sizes,
  lines: { atMs: number; text: string }[],
): void {
  const to = plan.vantages.find(({ id }) => id === leg.to);
  const top = deviceMtu(at);
  const seconds = (plan.window.endMs - plan.window.startMs) / 1_000;
  let sequence = 0;
  let atMs = plan.window.startMs + 100;
  const print = (kindOf: string, rest: string): void => {
    lines.push({ atMs, text: `${kindOf} ${atMs.toFixed(1)} ${leg.toIp} ${rest}` });
  };
  const echo = (bytes: number): boolean => {
    atMs += 60;
    const atS = (atMs - plan.window.startMs) / 1_000;
    const out = to ? fate(at, to, bytes, "echo", atS) : "crosses";
    const back = to && out === "crosses" ? fate(to, at, bytes, "echo", atS) : out;
    sequence++;
    const said = typeof out === "object" ? `frag ${out.says} ${out.mtu}` : back === "crosses" ? "ok 0.31" : "lost";
    print("E", `${sequence} ${bytes} ${said}`);
    return said.startsWith("ok");
  };
  const tcp = (): void => {
    if (!to) return;
    if (closed(to)) {
      print("T", "full timeout 1500 0 536 1500 7 1 1 1 1");
      return;
    }
    const mtu = Math.min(top, deviceMtu(to));
    const atS = (atMs - plan.window.startMs) / 1_000;
    const full = fate(at, to, mtu, "tcp", atS);
    const mss = mtu - 52;
    if (full === "vanishes") {
      print("T", `full stalled 2203 ${2 * mss} ${mss} ${mtu} 7 3 3 4 2`);
      atMs += 2_300;
      if (fate(at, to, 540, "tcp", atS) === "crosses") print("T", `small done 1 ${2 * mss} 488 ${mtu} 7 0 0 0 0`);
      else print("T", `small stalled 2203 ${2 * mss} 488 ${mtu} 7 3 3 4 2`);
    } else print("T", `full done 2 ${2 * mss} ${mss} ${mtu} 7 0 0 ${typeof full === "object" ? 2 : 0} 0`);
  };
  print("R", `eth0 ${top} -`);
  for (let round = 0; round * EVERY_S < seconds; round++) {
    atMs = Math.max(atMs, plan.window.startMs + round * EVERY_S * 1_000 + 150);
    if (kind !== "echo") tcp();
    if (kind === "tcp" || echo(top)) continue;
    if ([top, 100, top, 100].map(echo).every((answered) => !answered)) continue;
    let [low, high] = [100, top];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (echo(middle) || echo(middle)) low = middle;
      else high = middle;
    }
    for (let n = 0; n < 3; n++) {
      echo(low);
      echo(high);
    }
    if (kind !== "echo") tcp();
  }
}
