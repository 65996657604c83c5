import { expect, test } from "vitest";
import { summaryText } from "#src/pcap/summary-text.ts";
import { analyse } from "#test/support/pcap/analyse.ts";
import { generatedCaptures } from "#test/support/pcap/generated.ts";

const told = (name: string): string => {
  const found = generatedCaptures().find((one) => one.name === name);
  return summaryText(analyse(found?.file ?? new Uint8Array(0)), "x.pcap", { columns: 1_000 });
};

test("the text says what is wrong, then where, then how it was counted", () => {
  const text = told("loss on both sides of the tap");
  expect(text).toMatch(/^x\.pcap: 836 packets, 664 kB on the wire, 1 flow; 2023-11-14 22:13:20 UTC, for 1\.195 s\n/);
  const parts = ["What is wrong, worst first", " 1. 10.2.0.2:8080: 17 of 422", "Worst flows", "Services", "Counters"];
  const places = parts.map((part) => text.indexOf(part));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places[0]).toBeGreaterThan(0);
  expect(text).toContain("0.091 s  server: sent again after duplicate ACKs (packet 25)");
  expect(text).toContain("round trip from here to the server 20 ms, to the client 0.4 ms");
  expect(text).toContain("1 handshake, 17 retransmissions, 15 of them fast");
});

test("what is counted once is said once, and what is not there is not said", () => {
  const text = told("HTTP, TLS, DNS and ICMP");
  expect(text).toContain(
    "ICMP 1 unreachable, 1 of them prohibited, 1 packet called too big; the smallest MTU named is 1400",
  );
  expect(text).not.toContain("Tunnels");
  expect(text.match(/answer of 2 began after a second/g)).toHaveLength(1);
});

test("control characters in names do not reach the terminal", () => {
  const summary = analyse(generatedCaptures()[0]?.file ?? new Uint8Array(0));
  const [finding] = summary.findings;
  const text = summaryText({ ...summary, findings: finding ? [{ ...finding, text: "a\u001b[2Jb" }] : [] }, "x");
  expect(text).toContain("a\ufffd[2Jb");
});
