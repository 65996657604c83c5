import { z } from "zod";
import { defineEvidence } from "./evidence.ts";
import { gainsSchema } from "./gains.ts";
import { linkSchema } from "./link-text.ts";

export const nicSchema = z.object({
  device: z.string(),
  /** "path" = carries the node's address; "lower" = what such a device is made of; "bond" = slave of a bond that cannot be tied to it. */
  role: z.enum(["path", "lower", "bond"]),
  /** Backed by a device of the machine (or of the virtual machine), not made by the kernel alone. */
  physical: z.boolean(),
  /** How the link ran, in the order of time; at most six. */
  links: z.array(z.object({ fromMs: z.number(), toMs: z.number(), value: linkSchema })),
  /** Counters of the kernel by their names; of the driver with `driver.` in front; `carrier_changes`. */
  gains: gainsSchema.optional(),
  /** What could not be read, and why. */
  gaps: z.array(z.string()),
});
export type Nic = z.infer<typeof nicSchema>;

/** The NICs that carry a node's traffic. Subject: node vantage id. */
export const nicsEvidence = defineEvidence("nics", z.object({ nics: z.array(nicSchema) }));
