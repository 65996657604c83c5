import { expect, test } from "vitest";
import { openSourcePorts, sourcePortsEvidence } from "#src/probes/source-ports.ts";

const text = `# 10.42.1.5 9 refused
33001 3 3
33878 3 0
# 10.42.2.5 8080 accepted
33001 2 2
# 10.42.1.5 9 refused
33001 7 7
33878 7 1
`;

function read(chunks: readonly string[]) {
  const reader = openSourcePorts("pod/shop/api-0");
  for (const chunk of chunks) reader.push(chunk);
  const [evidence] = reader.evidence({ nowMs: 2_000, done: true });
  return evidence && sourcePortsEvidence.schema.parse(evidence.data).targets;
}

test("a target of IPv6 is read as one of IPv4", () => {
  expect(read(["# fd42::5 9 refused\n33001 3 2\n"])).toEqual([
    { ip: "fd42::5", port: 9, answer: "refused", sources: [{ port: 33_001, tried: 3, answered: 2 }] },
  ]);
});

test("the newest counts of every source port and target stand", () => {
  expect(read([text])).toEqual([
    {
      ip: "10.42.1.5",
      port: 9,
      answer: "refused",
      sources: [
        { port: 33_001, tried: 7, answered: 7 },
        { port: 33_878, tried: 7, answered: 1 },
      ],
    },
    { ip: "10.42.2.5", port: 8080, answer: "accepted", sources: [{ port: 33_001, tried: 2, answered: 2 }] },
  ]);
});

test("it does not matter where the output is cut; garbage is left out", () => {
  for (let at = 0; at <= text.length; at++) expect(read([text.slice(0, at), text.slice(at)])).toEqual(read([text]));
  for (let at = 0; at <= text.length; at++) expect(() => read([text.slice(0, at)])).not.toThrow();
  expect(read(["33001 7 7\n# what\n\u0000\n"])).toBeUndefined();
  expect(read([`${text}33001 7 9\n`])).toEqual(read([text]));
});
