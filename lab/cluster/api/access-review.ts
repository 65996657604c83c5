import { z } from "zod";
import { type Attributes, type Identity, mayDo } from "./access.ts";
import type { Body } from "./body.ts";
import { textField, type WireFields, wireFields } from "./protobuf.ts";
import { badRequest } from "./status.ts";

const text = z.string().optional();
const reviewSchema = z.object({
  spec: z.object({
    resourceAttributes: z
      .object({ namespace: text, verb: text, group: text, resource: text, subresource: text, name: text })
      .optional(),
    nonResourceAttributes: z.object({ path: text, verb: text }).optional(),
  }),
});

/** Answers a SelfSubjectAccessReview; `denied` says which wishes a fault forbids besides the identity's own rules. */
export function reviewAccess(body: Body, identity: Identity, denied: (wish: Attributes) => boolean): unknown {
  const spec = "json" in body ? fromJson(body.json) : fromProtobuf(body.protobuf);
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (!resourceAttributes === !nonResourceAttributes)
    throw badRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified");
  const wish: Attributes = { verb: "", ...defined(resourceAttributes ?? {}), ...defined(nonResourceAttributes ?? {}) };
  const allowed = mayDo(identity, wish) && !denied(wish);
  return {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: { creationTimestamp: null },
    spec,
    status: { allowed, ...(allowed && { reason: `RBAC: allowed to ${identity.user}` }) },
  };
}

type Spec = z.infer<typeof reviewSchema>["spec"];

function fromJson(json: unknown): Spec {
  const review = reviewSchema.safeParse(json);
  if (!review.success) throw badRequest(`SelfSubjectAccessReview is invalid: ${review.error.issues[0]?.message}`);
  return review.data.spec;
}

/** Field numbers from k8s.io/api/authorization/v1/generated.proto. */
function fromProtobuf(review: WireFields): Spec {
  const inside = (fields: WireFields, field: number) => {
    const message = fields.get(field)?.at(-1);
    return message && wireFields(message);
  };
  const spec = inside(review, 2);
  const resource = spec && inside(spec, 1);
  const path = spec && inside(spec, 2);
  return {
    ...(resource && {
      resourceAttributes: defined({
        namespace: textField(resource, 1),
        verb: textField(resource, 2),
        group: textField(resource, 3),
        resource: textField(resource, 5),
        subresource: textField(resource, 6),
        name: textField(resource, 7),
      }),
    }),
    ...(path && { nonResourceAttributes: defined({ path: textField(path, 1), verb: textField(path, 2) }) }),
  };
}

/** Drops what is undefined or empty: in a review both mean "not said". */
function defined(attributes: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
