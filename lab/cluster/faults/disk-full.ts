import { z } from "zod";
import { findNode } from "../names.ts";
import { defineFault, machineOf, whileBooted } from "./fault.ts";

/** A small file system of its own over the folder, filled until nothing more can be written. */
const FILL =
  'set -eu; mkdir -p "$1"; mount -t tmpfs -o size=2m full "$1"; cat /dev/zero >"$1/full" 2>/dev/null || true';

/** The file system in which a node keeps its pods' files is full. */
export const diskFull = defineFault(
  "disk-full",
  {
    node: z.string("must be a node"),
    path: z.enum(["/var/lib/kubelet", "/var/lib/containerd", "/var/log"]).default("/var/lib/kubelet"),
  },
  {
    prepare({ node: name, path }, lab) {
      const machine = machineOf(lab, findNode(lab.store, name).name);
      return {
        description: `the file system at ${path} of ${name} is full`,
        async apply() {
          await machine.run(["sh", "-c", FILL, "sh", path]);
          return whileBooted(machine, async () => {
            await machine.run(["umount", "-l", path]);
          });
        },
      };
    },
  },
);
