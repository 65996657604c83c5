import { expect, test } from "vitest";
import { readListStream } from "#src/cluster/list-stream.ts";

const items = [
  { metadata: { name: "a", labels: { odd: 'a "quoted\\" } ] { [ brace', more: [[], [{}], {}] } } },
  {},
  { metadata: { name: "Pod-名字-é" } },
];
const metadata = { resourceVersion: "7", continue: "next", remainingItemCount: 3 };

async function* cut(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([
  JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata, items }),
  JSON.stringify({ items, metadata, kind: "PodList" }, null, 2),
])("a list is the same wherever it is cut", async (text) => {
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size++) {
    const taken: unknown[] = [];
    expect(await readListStream(cut(bytes, size), (item) => taken.push(item))).toEqual(metadata);
    expect(taken).toEqual(items);
  }
});

test.each(['{"metadata":{},"items":[]}', '{"metadata":{},"items":null}'])("%s has nothing in it", async (text) => {
  const taken: unknown[] = [];
  expect(await readListStream(cut(Buffer.from(text), 5), (item) => taken.push(item))).toEqual({});
  expect(taken).toEqual([]);
});

test("a list that ends early is refused", async () => {
  const text = JSON.stringify({ metadata, items }).slice(0, -5);
  await expect(readListStream(cut(Buffer.from(text), 10), () => undefined)).rejects.toThrow(SyntaxError);
});
