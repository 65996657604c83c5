import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { selectorSchema } from "#src/core/policy-view.ts";
import { defineFault } from "./fault.ts";

const peer = z.strictObject({
  podSelector: selectorSchema.optional(),
  namespaceSelector: selectorSchema.optional(),
  ipBlock: z.strictObject({ cidr: z.string(), except: z.array(z.string()).optional() }).optional(),
});
const port = z.strictObject({
  protocol: z.enum(["TCP", "UDP", "SCTP"], "must be TCP, UDP or SCTP").optional(),
  port: z.number("must be a port number; names are not available in this lab").int().min(1).max(65_535).optional(),
  endPort: z.number().int().min(1).max(65_535).optional(),
});
const rule = z.strictObject({
  from: z.array(peer).optional(),
  to: z.array(peer).optional(),
  ports: z.array(port).optional(),
});
const spec = z.strictObject({
  podSelector: selectorSchema.default({}),
  policyTypes: z.array(z.enum(["Ingress", "Egress"], "must be Ingress or Egress")).optional(),
  ingress: z.array(rule).optional(),
  egress: z.array(rule).optional(),
});

/** A NetworkPolicy as an object, and its enforcement on every node. */
export const networkPolicy = defineFault(
  "network-policy",
  { namespace: z.string("must be a namespace"), policy: spec },
  {
    prepare({ namespace, policy }, lab) {
      if (!lab.store.namespaces.has(namespace))
        throw new NetcheckError(
          "bad-config",
          `There is no namespace "${namespace}" in this lab; there are ${[...lab.store.namespaces].sort().join(", ")}.`,
        );
      return {
        description: `a network policy isolates pods of namespace ${namespace}`,
        async apply() {
          const egress = policy.egress && policy.egress.length > 0;
          const made = {
            namespace,
            name: `restrict-${lab.plan.random.suffix(5)}`,
            uid: lab.plan.random.uuid(),
            createdAtMs: Date.now(),
            // The API server fills in the types.
            spec: { ...policy, policyTypes: policy.policyTypes ?? ["Ingress", ...(egress ? ["Egress"] : [])] },
          };
          lab.store.addPolicy(made);
          await lab.policies.sync();
          return async () => {
            lab.store.removePolicy(made);
            await lab.policies.sync();
          };
        },
      };
    },
  },
);
