import type { Delivery } from "./delivery.ts";
import type { Faults, Quirks } from "./faults.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { Triggers } from "./triggers.ts";
import type { World } from "./world.ts";

/** The lab's state and its moving parts, handed to everything that acts on it. */
export type Lab = {
  readonly world: World;
  readonly delivery: Delivery;
  readonly triggers: Triggers;
  readonly faults: Faults;
  readonly rateLimits: RateLimits;
  readonly quirks: Quirks;
};
