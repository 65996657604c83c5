import type { LabParts, Undo } from "./fault.ts";
import { portOf } from "./wire.ts";

/** HZ of common kernels; a bucket must hold what arrives between two ticks. */
const TICKS_PER_SECOND = 250;
const MIN_BURST_BYTES = 16_000;
const QUEUE_BYTES = 60_000;

/**
 * A node's uplink carries only so much: each way, or, shared as on a half-duplex wire, both ways together. What is more
 * waits in a short queue of the switch, then is dropped.
 */
export async function limitUplink(
  lab: LabParts,
  node: string,
  { mbit, shared }: { readonly mbit: number; readonly shared: boolean },
): Promise<Undo> {
  const port = portOf(lab, node);
  const mirror = `ifb-${port}`;
  const burst = Math.max(MIN_BURST_BYTES, Math.ceil((mbit * 1_000_000) / 8 / TICKS_PER_SECOND) * 2);
  const limit = Math.max(QUEUE_BYTES, 2 * burst);
  const bucket = ["tbf", "rate", `${mbit}mbit`, "burst", `${burst}`, "limit", `${limit}`];
  const { run } = lab.fabric;
  await using stack = new AsyncDisposableStack();
  const quietly = (argv: readonly string[]) => async () => {
    await run(argv).catch(() => {});
  };
  if (!shared) {
    await run(["tc", "qdisc", "add", "dev", port, "root", ...bucket]);
    stack.defer(quietly(["tc", "qdisc", "del", "dev", port, "root"]));
  }
  // Shaping works on what a device sends, so what the port receives passes through a mirror device.
  await run(["ip", "link", "add", mirror, "up", "type", "ifb"]);
  stack.defer(quietly(["ip", "link", "del", mirror]));
  await run(["tc", "qdisc", "add", "dev", mirror, "root", ...bucket]);
  await run(["tc", "qdisc", "add", "dev", port, "clsact"]);
  stack.defer(quietly(["tc", "qdisc", "del", "dev", port, "clsact"]));
  const redirect = ["u32", "match", "u32", "0", "0", "action", "mirred", "egress", "redirect", "dev", mirror];
  for (const way of shared ? ["ingress", "egress"] : ["ingress"])
    await run(["tc", "filter", "add", "dev", port, way, "protocol", "all", ...redirect]);
  const applied = stack.move();
  return () => applied.disposeAsync();
}
