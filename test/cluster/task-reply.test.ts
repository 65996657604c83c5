import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseSegmentReply, parseSyncReply } from "#src/cluster/task-reply.ts";

const clock = { clockMs: 5, bootId: "b" };
const task = { id: "a", state: "running", totalBytes: 7, offset: 4, length: 3, errLength: 2 };
const segment = { number: 7, state: "sealed", totalBytes: 20, offset: 5 };

/** A reply with this head and these bytes, and its checksum. */
function reply(head: unknown, bytes: string): Buffer {
  const body = Buffer.from(`${JSON.stringify(head)}\n${bytes}`);
  return Buffer.concat([body, Buffer.from(`\nsha256 ${createHash("sha256").update(body).digest("hex")}\n`)]);
}

test.each([
  ["sync", parseSyncReply, reply({ ...clock, tasks: [task] }, "x\nyzz"), { tasks: [{ id: "a", stderr: "zz" }] }],
  [
    "segment",
    parseSegmentReply,
    reply({ ...clock, ...segment, length: 4 }, "a\n\0b"),
    { ...segment, bytes: Buffer.from("a\n\0b") },
  ],
])("a reply of %s counts only whole", (_verb, parse, whole, read) => {
  expect(parse(whole)).toMatchObject(read);
  for (let length = 0; length < whole.length; length++) expect(parse(whole.subarray(0, length))).toBeUndefined();
  for (const at of whole.keys()) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(parse(damaged)).toBeUndefined();
  }
});

test("a reply with fewer or more bytes than it announces is none", () => {
  for (const bytes of ["", "abc", "abcde"]) {
    expect(parseSegmentReply(reply({ ...clock, ...segment, length: 4 }, bytes))).toBeUndefined();
    expect(parseSyncReply(reply({ ...clock, tasks: [{ ...task, length: 2, errLength: 2 }] }, bytes))).toBeUndefined();
  }
});
