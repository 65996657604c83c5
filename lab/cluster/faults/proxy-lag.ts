import { z } from "zod";
import { findNode } from "../names.ts";
import { defineFault } from "./fault.ts";

/** A node's kube-proxy runs and does not follow any more: its rules stay as they are, whatever endpoints do. */
export const proxyLag = defineFault(
  "proxy-lag",
  { node: z.string("must be a node") },
  {
    prepare({ node }, lab) {
      const { name } = findNode(lab.store, node);
      return {
        description: `kube-proxy of ${name} is behind`,
        async apply() {
          const end = lab.proxy.hold(name);
          return async () => {
            end();
            await lab.proxy.sync();
          };
        },
      };
    },
  },
);
