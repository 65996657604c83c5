import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { pcapFile, RAW_IP, type Recorded } from "#test/support/pcap/capture-file.ts";
import * as frames from "#test/support/pcap/frames.ts";
import { merged, tapOf } from "#test/support/pcap/merging.ts";
import { converse } from "#test/support/pcap/tcp-conversation.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "netcheck-merged-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const T0 = 1_700_000_000_000_000_000n;
const window = { startMs: 1_700_000_000_000, endMs: 1_700_000_600_000 };
const { ethernet } = frames;
const talk = (wrap: (packet: Uint8Array) => Uint8Array, shiftNs = 0n): Recorded[] =>
  converse({
    ...{ client: "10.0.0.7", clientPort: 40_007, turns: [{ from: "client", says: 200_000 }] },
    fate: ({ from, nth }) => (from === "client" && nth % 20 === 7 ? "lost behind the tap" : undefined),
  }).map(({ atNs, packet }) => ({ ns: T0 + shiftNs + BigInt(Math.round(atNs)), bytes: wrap(packet) }));
const hosts = { source: "192.168.0.1", destination: "192.168.0.2" };
const pod = talk(ethernet);
const nic = talk((packet) => ethernet(frames.vxlan(ethernet(packet), hosts)), 40_000n);
const tunnel = talk((packet) => packet, 20_000n);
const clock = { offsetMs: -240_000, driftPpm: 30, atMs: window.startMs };
const late = nic.map((one) => ({ ...one, ns: one.ns - 240_000_000_000n }));
const remarks = ["Recorded from 10:00:00 on; 2 segments were let go."];
const lost = new Map([[9, "node-1 vxlan0"]]);

const files: readonly (readonly [name: string, file: ReturnType<typeof merged>])[] = [
  [
    "all points of a path",
    merged(
      [
        tapOf("shop/web-0 eth0", [pcapFile(pod.slice(0, 50)), pcapFile(pod.slice(50))], {
          analysed: true,
          lost,
          remarks,
        }),
        tapOf("node-1 tunl0", [pcapFile(tunnel, { link: RAW_IP })], { received: 1_234, dropped: 56 }),
        tapOf("node-1 eth0", [pcapFile(nic)]),
        tapOf("node-2 eth0", [pcapFile(late)], { clock }),
      ],
      { window },
    ),
  ],
  ["headers only", merged([tapOf("node-1 eth0", [pcapFile(pod)], { analysed: true })], { window, headersOnly: true })],
  [
    "headers only in a tunnel",
    merged([tapOf("node-1 eth0", [pcapFile(nic, { snapLength: 200 })])], { window, headersOnly: true }),
  ],
  ["no packets at all", merged([tapOf("node-1 eth0", [pcapFile([])]), tapOf("node-2 eth0", [])], { window })],
  ["no taps", merged([], { window })],
  ["one empty tap", merged([tapOf("node-1 eth0", [pcapFile(pod)]), tapOf("node-2 eth0", [pcapFile([])])], { window })],
  ["a cut segment", merged([tapOf("node-1 eth0", [pcapFile(pod).subarray(0, -7)])], { window })],
  ["a part", merged([tapOf("node-1 eth0", [pcapFile(pod)], { analysed: true })], { window, maxBytes: 60_000 })],
  [
    "names and remarks of all kinds",
    merged([tapOf("Knoten-ß 网卡 eth0", [pcapFile(pod)], { remarks: ["长".repeat(30_000), ""] })], { window }),
  ],
];

/** Runs a program of Wireshark that must have nothing to complain about. */
async function quietly(program: string, ...words: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(program, words, { maxBuffer: 1 << 26 });
  const said = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("Running as user"));
  expect(said).toEqual([]);
  return stdout;
}

test.each(files)(
  "Wireshark reads a file of %s without complaint, in the order of time",
  async (name, { file, packets }) => {
    const path = join(folder, `${name.replaceAll(" ", "-")}.pcapng`);
    writeFileSync(path, file);
    const about = await quietly("capinfos", "-M", "-T", "-t", "-c", "-o", "-E", path);
    const [type, , count, order] = (about.split("\n")[1] ?? "").split("\t").slice(1);
    expect(type).toBe("pcapng");
    expect(Number(count ?? 0)).toBe(packets);
    expect(order).not.toBe("False");
    const listed = await quietly(
      "tshark",
      "-n",
      "-r",
      path,
      "-T",
      "fields",
      "-e",
      "frame.time_epoch",
      "-e",
      "_ws.malformed",
    );
    const times = listed.split("\n").filter((line) => line !== "");
    expect(times).toHaveLength(packets);
    expect(times.filter((line) => !/^\d+\.\d{9}\t$/.test(line))).toEqual([]);
  },
);

test("Wireshark shows names, link types, comments, counts and corrected times", async () => {
  const path = join(folder, "path.pcapng");
  const [, all] = files[0] as (typeof files)[number];
  writeFileSync(path, all.file);
  const fields = ["frame.interface_name", "frame.encap_type", "frame.time_epoch", "frame.comment", "frame.len"];
  const lines = (await quietly("tshark", "-n", "-r", path, "-T", "fields", ...fields.flatMap((field) => ["-e", field])))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
  const at = (name: string) => lines.filter(([one]) => one === name);
  expect(at("shop/web-0 eth0")).toHaveLength(pod.length);
  expect(at("node-1 tunl0").every(([, encapsulation]) => encapsulation === "7")).toBe(true);
  expect(at("node-1 eth0").every(([, encapsulation]) => encapsulation === "1")).toBe(true);
  expect(at("shop/web-0 eth0")[8]?.[3]).toContain(
    "Lost behind this point: seen at shop/web-0 eth0, not at node-1 vxlan0.",
  );
  // The same packet at both NICs, by one clock.
  for (const [index, [, , time]] of at("node-2 eth0").entries()) {
    const apart = Number(time) - Number(at("node-1 eth0")[index]?.[2]);
    expect(Math.abs(apart)).toBeLessThan(1e-3);
  }
  const about = await quietly("capinfos", path);
  expect(about).toContain("Check nc-4f2a.");
  expect(about).toContain("Name = node-1 tunl0");
  expect(about).toContain("Number of stat entries = 1");
});

test("a file of headers has nothing of what programs say, and Wireshark counts the same segments", async () => {
  const [, { file }] = files[1] as (typeof files)[number];
  const path = join(folder, "headers.pcapng");
  writeFileSync(path, file);
  const fields = ["frame.cap_len", "tcp.hdr_len", "tcp.len"];
  const lines = (await quietly("tshark", "-n", "-r", path, "-T", "fields", ...fields.flatMap((field) => ["-e", field])))
    .split("\n")
    .filter((line) => line !== "");
  expect(lines).toHaveLength(pod.length);
  for (const line of lines) {
    const [kept, header] = line.split("\t").map(Number);
    expect(kept).toBe(14 + 20 + (header ?? 0));
  }
  expect(lines.some((line) => Number(line.split("\t")[2]) > 1_000)).toBe(true);
});
