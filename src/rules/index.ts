import type { Rule } from "../core/rule.ts";
import { firewallDrop } from "./firewall-drop.ts";
import { linkDelay } from "./link-delay.ts";
import { nicPeriodicDelay } from "./nic-periodic-delay.ts";
import { nodeDown } from "./node-down.ts";
import { pathLoss } from "./path-loss.ts";
import { portClosed } from "./port-closed.ts";
import { portFiltered } from "./port-filtered.ts";
import { routeMissing } from "./route-missing.ts";
import { targetNotRunning } from "./target-not-running.ts";

/** Every suspected cause, the deepest first: what comes later may be a symptom of what comes before it. */
export const rules: readonly Rule[] = [
  nodeDown,
  targetNotRunning,
  routeMissing,
  firewallDrop,
  portClosed,
  portFiltered,
  nicPeriodicDelay,
  linkDelay,
  pathLoss,
];
