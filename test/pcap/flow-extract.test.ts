import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CaptureAnalysis } from "#src/pcap/capture-analysis.ts";
import { FlowExtract } from "#src/pcap/flow-extract.ts";
import { pcapngFile, type Recorded } from "../support/pcap/capture-file.ts";
import { join as joined } from "../support/pcap/file-bytes.ts";
import { ethernet } from "../support/pcap/frames.ts";
import { readCapture } from "../support/pcap/read-capture.ts";
import { converse } from "../support/pcap/tcp-conversation.ts";

const T0 = 1_700_000_000_123_456_789n;
const recorded = (port: number, play: Parameters<typeof converse>[0]): Recorded[] =>
  converse(play).map(({ atNs, packet }) => ({ ns: T0 + BigInt(Math.round(atNs)), bytes: ethernet(packet), port }));

const fine = recorded(0, { client: "10.0.0.9", turns: [{ from: "client", says: 3_000 }] });
const refused = [1, 2, 3].flatMap((index) =>
  recorded(1, { client: `10.0.0.${index}`, clientPort: 40_000 + index, listens: "refuses", startMs: index }),
);
const packets = [...fine, ...refused].toSorted((a, b) => Number(a.ns - b.ns));
const capture = pcapngFile(packets, [{ name: "eth0" }, { name: "veth7" }]);

function summaryOf(bytes: Uint8Array) {
  const analysis = new CaptureAnalysis();
  analysis.reader.push(bytes);
  analysis.end();
  return analysis.summary();
}

function extracted(bytes: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  const extract = new FlowExtract(summaryOf(bytes), (block) => void blocks.push(block));
  extract.reader.push(bytes);
  extract.reader.end();
  return joined(blocks);
}

describe("the second pass", () => {
  const { findings } = summaryOf(capture);
  const file = extracted(capture);
  const seen = readCapture(file);

  test("takes the connections of the findings, whole, with their times and interfaces", () => {
    expect(findings.map(({ kind }) => kind)).toEqual(["connection-refused"]);
    const flow = findings[0]?.flow;
    const wanted = refused.filter((_, at) => flow?.client.startsWith(`10.0.0.${1 + (at >> 1)}:`));
    expect(wanted.length).toBeGreaterThan(0);
    expect(seen.packets.map(({ ns, bytes }) => [ns, bytes])).toEqual(wanted.map(({ ns, bytes }) => [ns, bytes]));
    expect(seen.reader.ports.map(({ name }) => name)).toEqual(["veth7"]);
    expect([seen.gaps, seen.stopped]).toEqual([[], undefined]);
  });

  test("puts each finding into the comment of its packet", () => {
    const text = new TextDecoder().decode(file);
    expect(text).toContain(findings[0]?.text);
    expect(text).toContain(`Packet ${findings[0]?.packet} of the whole capture.`);
  });

  test("of a capture without findings is a file without packets", () => {
    const { packets: none, stopped, reader } = readCapture(extracted(pcapngFile(fine, [{ name: "eth0" }])));
    expect([none, stopped, reader.headers]).toEqual([[], undefined, 1]);
  });

  test("finds IPv6 flows", () => {
    const six = [1, 2].flatMap((index) =>
      recorded(0, {
        client: "fd00::1",
        server: "fd00::2",
        clientPort: 40_000 + index,
        listens: "refuses",
        startMs: index,
      }),
    );
    expect(readCapture(extracted(pcapngFile(six, [{ name: "" }]))).packets.length).toBeGreaterThan(0);
  });
});

describe("netcheck pcap --write", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "netcheck-extract-"));
    writeFileSync(join(folder, "in.pcapng"), capture);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const cli = new URL("../../src/cli.ts", import.meta.url).pathname;
  const netcheck = (...words: string[]): string =>
    execFileSync(process.execPath, [cli, "pcap", ...words], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });

  test("makes a file that tshark reads without complaint, comments and all", () => {
    netcheck("in.pcapng", "--write", "out.pcapng");
    const said = execFileSync("tshark", ["-r", "out.pcapng", "-T", "fields", "-e", "frame.comment"], {
      ...{ cwd: folder, encoding: "utf8" },
    });
    expect(said).toContain("of the whole capture.");
    expect(said).toContain("refused");
  });

  test("does not write over what it reads", () => {
    expect(() => netcheck("in.pcapng", "--write", "in.pcapng")).toThrow("it is one of the captures that are read");
    expect(Buffer.compare(readFileSync(join(folder, "in.pcapng")), capture)).toBe(0);
  });
});
