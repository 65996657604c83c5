import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, constants, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CaptureReader } from "#src/pcap/capture-reader.ts";
import { CaptureInput, CaptureInputError, openInput, readInput } from "#src/pcap-input.ts";
import { pcapBytes } from "../support/pcap/file-bytes.ts";
import { seeded } from "../support/pcap/mutant.ts";

const PACKETS = 3_000;
const random = seeded(5);
const capture = pcapBytes(
  Array.from({ length: PACKETS }, (_, index) => ({
    seconds: 1_700_000_000 + index,
    bytes: Uint8Array.from({ length: 60 + (index % 50) }, () => Math.floor(random() * 20)),
  })),
);
const half = capture.length >> 1;
const [first, second] = [capture.subarray(0, half), capture.subarray(half)];
const noise = Buffer.from(Array.from({ length: 700 }, () => Math.floor(random() * 256)));
const skippable = (length: number): Buffer => {
  const frame = Buffer.alloc(8 + length, 1);
  frame.writeUInt32LE(0x184d2a53, 0);
  frame.writeUInt32LE(length, 4);
  return frame;
};
/** A gzip member with a name, a comment, an extra field and a header checksum. */
const named = (bytes: Uint8Array): Buffer => {
  const head = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 3, 0, 7, 7, 7]);
  return Buffer.concat([
    head,
    Buffer.from("web.pcap\0by hand\0"),
    Buffer.alloc(2),
    deflateRawSync(bytes),
    gzipSync(bytes).subarray(-8),
  ]);
};

const gzipped = gzipSync(capture);
const zstd = zstdCompressSync(capture);
const zstds = Buffer.concat([zstdCompressSync(first), zstdCompressSync(second)]);
/** How many packets are read at least, and what is said. */
const inputs: readonly (readonly [string, Uint8Array, number, string | undefined])[] = [
  ["a capture as it is", capture, PACKETS, undefined],
  ["gzip", gzipped, PACKETS, undefined],
  ["gzip of two members", Buffer.concat([gzipSync(first), gzipSync(second)]), PACKETS, undefined],
  ["gzip with all that a header may have", named(capture), PACKETS, undefined],
  ["gzip with zeros behind it", Buffer.concat([gzipped, Buffer.alloc(999)]), PACKETS, undefined],
  [
    "gzip with zeros between members",
    Buffer.concat([gzipSync(first), Buffer.alloc(99), gzipSync(second)]),
    PACKETS,
    undefined,
  ],
  ["gzip with noise behind it", Buffer.concat([gzipped, noise]), PACKETS, "something that is not gzip follows"],
  ["gzip cut off", gzipped.subarray(0, gzipped.length >> 1), 1_000, "its compressed data is cut off"],
  ["gzip cut in its trailer", gzipped.subarray(0, -3), PACKETS, "its compressed data is cut off"],
  [
    "gzip damaged",
    Buffer.concat([gzipped.subarray(0, gzipped.length >> 1), noise, gzipped.subarray(gzipped.length >> 1)]),
    500,
    "its compressed data is damaged",
  ],
  ["zstd", zstd, PACKETS, undefined],
  ["zstd of two frames", zstds, PACKETS, undefined],
  ["zstd that begins with a skippable frame", Buffer.concat([skippable(12), zstd]), PACKETS, undefined],
  [
    "zstd with skippable frames between and behind",
    Buffer.concat([zstdCompressSync(first), skippable(0), zstdCompressSync(second), skippable(300)]),
    PACKETS,
    undefined,
  ],
  ["zstd with noise behind it", Buffer.concat([zstd, noise]), PACKETS, "something that is not zstd follows"],
  ["zstd cut off", zstds.subarray(0, zstds.length - 9), half / 200, "its compressed data is cut off"],
];

type Said = { readonly packets: number; readonly trouble: string | undefined };

function counting(): { readonly reader: CaptureReader; readonly packets: () => number } {
  let packets = 0;
  const reader = new CaptureReader({
    buffer: () => undefined,
    packet: () => {
      packets++;
    },
    gap: () => undefined,
  });
  return { reader, packets: () => packets };
}

async function pieces(bytes: Uint8Array, size: number): Promise<Said> {
  const { reader, packets } = counting();
  const input = new CaptureInput(reader);
  // One buffer for all of them: whoever keeps a piece sees it change.
  const piece = Buffer.alloc(size);
  for (let at = 0; at < bytes.length && !input.done; at += size) {
    const part = bytes.subarray(at, at + size);
    piece.set(part);
    await input.write(piece.subarray(0, part.length));
  }
  const trouble = await input.end();
  reader.end();
  return { packets: packets(), trouble };
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netcheck-input-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(inputs)("%s", (name, bytes, packets, trouble) => {
  test("is read from a file", async () => {
    const path = join(folder, name.replaceAll(" ", "-"));
    writeFileSync(path, bytes);
    const counted = counting();
    const said = await readInput(openInput(path), counted.reader);
    counted.reader.end();
    expect(counted.packets()).toBeGreaterThanOrEqual(packets);
    expect(counted.packets()).toBeLessThanOrEqual(PACKETS);
    if (trouble === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(trouble);
  });

  test("is read alike in pieces of any size", async () => {
    const whole = await pieces(bytes, 65_536);
    for (const size of [997, 64, 13]) {
      const said = await pieces(bytes, size);
      expect(said.trouble?.replace(/( near|:).*/, "")).toBe(whole.trouble?.replace(/( near|:).*/, ""));
      // What a damaged stream still gives depends on how much of it the engine has seen.
      if (!name.includes("damaged")) expect(said.packets).toBe(whole.packets);
    }
  });
});

test.each([
  ["lz4", [0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0]],
  ["bzip2", [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59]],
  ["zip", [0x50, 0x4b, 3, 4, 20, 0, 0]],
])("%s is refused with the program that reads it", async (name, magic) => {
  await expect(pieces(Uint8Array.from(magic), 100)).rejects.toThrow(`it is compressed with ${name}`);
});

test("a bomb is given up", async () => {
  const large = { seconds: 1_700_000_000, bytes: new Uint8Array(200_000) };
  const records = pcapBytes(Array.from({ length: 20 }, () => large)).subarray(24);
  const member = gzipSync(records, { level: 9 });
  const bomb = Buffer.concat([gzipSync(pcapBytes([])), ...Array.from({ length: 80 }, () => member)]);
  const { trouble } = await pieces(bomb, 65_536);
  expect(trouble).toContain("more than 250 times its size");
});

test.each([
  ["a missing file", "nowhere.pcap", "there is no such file"],
  ["a directory", ".", "it is a directory"],
  ["a file in a file", "plain.pcap/x", "a part of its path is no directory"],
])("%s is said in words", (_, path, words) => {
  writeFileSync(join(folder, "plain.pcap"), capture);
  expect(() => openInput(join(folder, path))).toThrow(CaptureInputError);
  expect(() => openInput(join(folder, path))).toThrow(words);
});

test("a file without permission is said in words", () => {
  const path = join(folder, "secret.pcap");
  writeFileSync(path, capture);
  chmodSync(path, 0);
  asNobody(() => expect(() => openInput(path)).toThrow("permission denied"));
});

/** Root may read everything: its tests put the question as somebody else. */
function asNobody(question: () => void): void {
  const NOBODY = 65_534;
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(NOBODY);
  try {
    question();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

const cli = new URL("../../src/cli.ts", import.meta.url).pathname;

/** Runs the command with `input` on its standard input, which stays open (and non-blocking, as Node makes its pipes). */
async function run(words: readonly string[], input: readonly Uint8Array[] = []) {
  const child = spawn(process.execPath, [cli, "pcap", ...words], { stdio: ["pipe", "pipe", "pipe"] });
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const parts: string[] = [];
    stream.setEncoding("utf8").on("data", (part: string) => parts.push(part));
    return parts;
  });
  const ended = new Promise<number>((resolve) => child.on("close", resolve));
  child.stdin.on("error", () => undefined);
  for (const part of input) await new Promise((resolve) => child.stdin.write(part, resolve));
  child.stdin.end();
  const code = await ended;
  return { code, out: out?.join("") ?? "", err: err?.join("") ?? "" };
}

describe("the command", () => {
  test.each([
    ["plain", [first, second]],
    ["gzip", [gzipped.subarray(0, 7), gzipped.subarray(7)]],
    ["zstd", [zstds.subarray(0, 3), zstds.subarray(3)]],
  ])("reads %s from a pipe", async (_, parts) => {
    const { code, out, err } = await run(["-", "--json"], parts);
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out).packets).toBe(PACKETS);
  });

  test("makes a long pipe wider", async () => {
    const [fifo, file] = [join(folder, "fifo"), join(folder, "part.pcap")];
    execFileSync("mkfifo", [fifo]);
    writeFileSync(file, capture);
    // Held, so that the pipe is still there when both sides have ended.
    const held = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const many = Array<string>(Math.ceil(2 ** 24 / capture.length)).fill(file);
    const writer = spawn("sh", ["-c", 'exec cat "$@" > "$0"', fifo, ...many], { stdio: "ignore" });
    const { code, out } = await run([fifo, "--json"]);
    if (writer.exitCode === null) await once(writer, "exit");
    expect([code, JSON.parse(out).packets]).toEqual([0, many.length * PACKETS]);
    const room = execFileSync("perl", ["-e", "print fcntl STDIN, 1032, 0"], { stdio: [held, "pipe", "inherit"] });
    closeSync(held);
    expect(Number(room)).toBe(2 ** 20);
  });

  test.each([
    ["no file", [], 2, "Usage:"],
    ["help", ["--help"], 0, "Usage:"],
    ["a missing file", ["nowhere.pcap"], 2, "nowhere.pcap: there is no such file"],
    ["a directory", ["."], 2, ".: it is a directory"],
    ["an unknown option", ["--wat"], 2, "--wat"],
    ["a bad filter", ["x.pcap", "--filter", "hots 1.2.3.4"], 2, '"hots" is not known'],
    ["a bad number", ["x.pcap", "--flows", "many"], 2, "--flows many: a number"],
    ["an empty input", ["-"], 2, "standard input: the input is empty"],
    ["standard input and --write", ["-", "--write", "x.pcapng"], 2, "--write reads the captures twice"],
  ])("ends with words and a code for %s", async (_, words, code, text) => {
    const said = await run(words);
    expect([said.code, said.out]).toEqual([code, ""]);
    expect(said.err).toContain(text);
  });

  test("reads what can be read of a cut file, and says where it ends", async () => {
    const path = join(folder, "cut.pcap");
    writeFileSync(path, capture.subarray(0, capture.length - 5));
    const { code, out } = await run([path, "--json"]);
    const { packets, stopped } = JSON.parse(out);
    expect([code, packets, stopped.reason]).toEqual([0, PACKETS - 1, "the last record is cut"]);
    expect((await run([path])).out).toContain("the last record is cut, at byte");
  });

  test("10 GB of nothing behind a capture are not read to the end", async () => {
    const path = join(folder, "sparse.pcap");
    writeFileSync(path, capture);
    truncateSync(path, 10_000_000_000);
    const { code, out } = await run([path, "--json"]);
    rmSync(path);
    const { packets, stopped } = JSON.parse(out);
    expect([code, packets]).toEqual([0, PACKETS]);
    expect(stopped.offset).toBeLessThan(300e6);
  });

  test("text is no capture: code 2 and a JSON document without packets", async () => {
    const path = join(folder, "log.txt");
    writeFileSync(path, "level=info msg=started\n");
    const { code, out, err } = await run([path, "--json"]);
    expect([code, JSON.parse(out).packets]).toEqual([2, 0]);
    expect(err).toContain("not a capture");
  });
});
