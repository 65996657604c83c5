import { expect, test } from "vitest";
import { traceEvidence } from "#src/core/trace-evidence.ts";
import { openTrace } from "#src/probes/trace.ts";

const text = `# 10.42.1.5
1800000000000 1 10.42.0.1 0.093 hop
1800000001200 3 10.42.1.5 0.310 end
1800000000600 2 - - lost
1800000001800 4 10.42.1.5 0.290 end
1800000002400 1 10.42.0.1 0.101 hop
1800000003000 2 10.42.1.0 0.210 hop
1800000003600 3 10.42.1.5 0.330 end
1800000004200 3 - - lost
`;

function read(chunks: readonly string[]) {
  const reader = openTrace("pod/shop/api-0");
  for (const chunk of chunks) reader.push(chunk);
  const [evidence] = reader.evidence({ nowMs: 2_000, done: true });
  return evidence && traceEvidence.schema.parse(evidence.data);
}

test("addresses of IPv6 are read as those of IPv4", () => {
  const found = read(["# fd42::5\n1800000000000 1 fd42:0:1::1 0.093 hop\n1800000000600 2 fd42::5 0.310 end\n"]);
  expect(found).toMatchObject({ target: "fd42::5", distance: 2 });
  expect(found?.hops.map(({ addresses }) => addresses[0]?.ip)).toEqual(["fd42:0:1::1", "fd42::5"]);
});

test("every hop has what was sent to it, what was lost and who answered, up to the target", () => {
  expect(read([text])).toEqual({
    target: "10.42.1.5",
    distance: 3,
    hops: [
      { ttl: 1, sent: 2, lost: 0, addresses: [{ ip: "10.42.0.1", count: 2 }], rttMs: 0.093 },
      { ttl: 2, sent: 2, lost: 1, addresses: [{ ip: "10.42.1.0", count: 1 }], rttMs: 0.21 },
      { ttl: 3, sent: 3, lost: 1, addresses: [{ ip: "10.42.1.5", count: 2 }], rttMs: 0.31 },
    ],
  });
});

test("a target that never answered has no distance, and a router that turns packets away is no target", () => {
  expect(read(["# 10.42.1.5\n1800000000000 1 10.42.0.1 0.093 refused\n1800000000600 2 - - lost\n"])).toEqual({
    target: "10.42.1.5",
    hops: [
      { ttl: 1, sent: 1, lost: 0, addresses: [{ ip: "10.42.0.1", count: 1 }], rttMs: 0.093 },
      { ttl: 2, sent: 1, lost: 1, addresses: [] },
    ],
  });
});

test("it does not matter where the output is cut; garbage is left out", () => {
  for (let at = 0; at <= text.length; at++) {
    expect(read([text.slice(0, at), text.slice(at)])).toEqual(read([text]));
    expect(() => read([text.slice(0, at)])).not.toThrow();
  }
  const garbage = "1800000000000 0 - - lost\n99 77 10.0.0.1 0.1 hop\n1 1 10.0.0.1 x hop\n\u0000\n1 1 - - lo\n";
  expect(read([`${text}${garbage}`])).toEqual(read([text]));
  expect(read([garbage])).toBeUndefined();
  expect(read(["1800000000000 1 10.42.0.1 0.093 hop\n"])).toBeUndefined();
});
