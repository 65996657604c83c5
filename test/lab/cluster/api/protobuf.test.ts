import { expect, test } from "vitest";
import { identify, makeTokens } from "#lab/cluster/api/access.ts";
import { reviewAccess } from "#lab/cluster/api/access-review.ts";
import { readProtobuf, textField, wireFields } from "#lab/cluster/api/protobuf.ts";

/** A length-delimited field; short ones only. */
const field = (number: number, value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
};
const resource = Buffer.concat([
  field(1, "netcheck"),
  field(2, "create"),
  field(3, ""),
  field(5, "pods"),
  field(6, "exec"),
]);
const message = Buffer.concat([
  Buffer.from("k8s\0"),
  field(1, field(2, "SelfSubjectAccessReview")),
  field(2, field(2, field(1, resource))),
]);

test("kubectl's review is read from its envelope and answered", () => {
  const tokens = makeTokens();
  const worker = identify(`Bearer ${tokens.worker}`, tokens);
  const review = reviewAccess({ protobuf: readProtobuf(message) }, worker, () => false);
  expect(review).toMatchObject({
    spec: { resourceAttributes: { namespace: "netcheck", verb: "create", resource: "pods", subresource: "exec" } },
    status: { allowed: true },
  });
});

test("numbers of every wire type are skipped", () => {
  const numbers = [8, 0x96, 0x01, 17, 1, 2, 3, 4, 5, 6, 7, 8, 29, 1, 2, 3, 4];
  expect(textField(wireFields(Buffer.concat([Buffer.from(numbers), field(4, "here")])), 4)).toBe("here");
});

test("a message that is cut anywhere is read up to a field's end, or refused; it never hangs or reads past the end", () => {
  for (let length = 0; length < resource.length; length++) {
    let text: string | undefined;
    try {
      text = textField(wireFields(resource.subarray(0, length)), 1);
    } catch (error) {
      expect(error).toMatchObject({ code: 400 });
      continue;
    }
    expect(["netcheck", undefined]).toContain(text);
  }
});

test("what is no Kubernetes message is refused", () => {
  expect(() => readProtobuf(Buffer.from("{}"))).toThrow("not a Kubernetes protobuf message");
});
