import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { analyse } from "#test/support/pcap/analyse.ts";
import { generatedCaptures } from "#test/support/pcap/generated.ts";
import { FLAGS, type Flag, tsharkSays } from "#test/support/pcap/tshark.ts";

const folder = mkdtempSync(join(tmpdir(), "netcheck-pcap-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = Object.keys(FLAGS) as Flag[];

test.each(generatedCaptures().map((one, index) => ({ ...one, index })))(
  "every counter is tshark's or differs as listed: $name",
  async ({ file, index, differences }) => {
    const path = join(folder, `${index}.pcap`);
    writeFileSync(path, file);
    const { counts: theirs } = await tsharkSays(path);
    const { tcp } = analyse(file);
    const expected = names.map((flag) => [flag, differences[flag] ?? { ours: theirs[flag], tshark: theirs[flag] }]);
    const got = names.map((flag) => [flag, { ...differences[flag], ours: tcp[flag], tshark: theirs[flag] }]);
    expect(Object.fromEntries(got)).toEqual(Object.fromEntries(expected));
  },
);
