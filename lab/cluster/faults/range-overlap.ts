import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { findNode } from "../names.ts";
import { defineFault, machineOf, whileBooted } from "./fault.ts";

/** A node has a network of its own whose addresses are those of another node's pods. */
export const rangeOverlap = defineFault(
  "range-overlap",
  {
    node: z.string("must be a node"),
    to: z.string("must be a node"),
    /** "upper": the half of the addresses in which no pod of a small lab is, so that it harms nobody. */
    half: z.enum(["lower", "upper"], "must be lower or upper").default("lower"),
  },
  {
    ipv4Only: true,
    prepare({ node: name, to, half }, lab) {
      const machine = machineOf(lab, findNode(lab.store, name).name);
      const peer = machineOf(lab, findNode(lab.store, to).name).planned;
      if (peer === machine.planned) throw new NetcheckError("bad-config", "range-overlap needs two different nodes.");
      const device = `br-${lab.plan.random.hex(6)}`;
      const address = `${peer.podPrefix}${half === "lower" ? 126 : 254}/25`;
      return {
        description: `${name} has a network ${address} of its own, which are addresses of pods of ${to}`,
        async apply() {
          await machine.run(["ip", "link", "add", device, "type", "bridge"]);
          await machine.run(["ip", "addr", "add", address, "dev", device]);
          await machine.run(["ip", "link", "set", device, "up"]);
          return whileBooted(machine, async () => {
            await machine.run(["ip", "link", "del", device]);
          });
        },
      };
    },
  },
);
