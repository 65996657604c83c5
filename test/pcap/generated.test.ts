import { expect, test } from "vitest";
import { analyse } from "#test/support/pcap/analyse.ts";
import { generatedCaptures } from "#test/support/pcap/generated.ts";

const all = generatedCaptures();

test.each(all)("what the senders know is counted: $name", ({ file, truth }) => {
  const { tcp } = analyse(file);
  expect({
    sentAgain: tcp.retransmissions,
    timeouts: tcp.timeouts,
    overtaken: tcp.outOfOrder,
    copies: tcp.copies,
    resets: tcp.resets,
    keepAlives: tcp.keepAlives,
    handshakes: tcp.handshakes,
    failures: tcp.handshakeFailures,
  }).toEqual(truth);
});

test.each(all)("what is wrong is said, and nothing else: $name", ({ file, findings }) => {
  const { findings: found, verdict } = analyse(file);
  expect(found.map(({ kind }) => kind)).toEqual(findings);
  expect(verdict).toBe(findings.length > 0 ? "findings" : "clean");
});

test.each(all)("a table of few connections changes no count: $name", ({ file }) => {
  const { worstFlows, quality, ...rest } = analyse(file, { maxFlows: 8 });
  expect(rest).toEqual(Object.fromEntries(Object.entries(analyse(file)).filter(([key]) => key in rest)));
});
