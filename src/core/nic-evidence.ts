import { z } from "zod";
import { bondSchema } from "./bond-text.ts";
import { defineEvidence } from "./evidence.ts";
import { gainsSchema } from "./gains.ts";
import { linkSchema } from "./link-text.ts";
import { moduleSchema, ringsSchema } from "./module-text.ts";
import { driverSchema, slotSchema, switchPortSchema } from "./slot-text.ts";

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

const versions = <T>(value: z.ZodType<T>) => z.array(z.object({ fromMs: z.number(), toMs: z.number(), value }));

/** Bonds of a node and how they changed. Subject: node vantage id. */
export const bondsEvidence = defineEvidence("bonds", z.object({ versions: versions(z.array(bondSchema)) }));

/** What the transceivers of a node's NICs measure, the sizes of their rings, drivers, slots and switch ports. Subject: node vantage id. */
export const nicHardwareEvidence = defineEvidence(
  "nic-hardware",
  z.object({
    devices: z.array(
      z.object({
        device: z.string(),
        modules: versions(moduleSchema),
        rings: ringsSchema.optional(),
        driver: driverSchema.optional(),
        slot: slotSchema.optional(),
      }),
    ),
    /** Only where lldpd runs. */
    switchPorts: z.array(switchPortSchema).default([]),
  }),
);
