import { expect, test } from "vitest";
import { arpAnswersEvidence, openArpAnswers } from "#src/probes/arp-answers.ts";

const text = `? 192.168.148.127 eth0 ask
ARPING 192.168.148.127 from 192.168.148.126 eth0
Unicast reply from 192.168.148.127 [FA:16:3E:5B:04:11]  0.610ms
Unicast reply from 192.168.148.127 [FA:16:3E:33:0E:12]  0.640ms
Unicast reply from 192.168.148.127 [FA:16:3E:33:0E:12]  0.598ms
Sent 2 probes (2 broadcast(s))
Received 3 response(s)
? 192.168.148.126 eth0 own
ARPING 192.168.148.126 from 0.0.0.0 eth0
Sent 2 probes (2 broadcast(s))
Received 0 response(s)
? 10.1.2.3 cni0 ask
60 bytes from b2:12:68:ab:89:d2 (10.1.2.3): index=0 time=1.2 msec
`;

function read(chunks: readonly string[]) {
  const reader = openArpAnswers("node/n", 1_000);
  for (const chunk of chunks) reader.push(chunk);
  const [evidence] = reader.evidence({ nowMs: 2_000, done: true });
  return evidence && arpAnswersEvidence.schema.parse(evidence.data).answers;
}

test("it tells who answered for which address, and who asked about itself", () => {
  expect(read([text])).toEqual([
    {
      ip: "192.168.148.127",
      device: "eth0",
      own: false,
      macs: { "fa:16:3e:5b:04:11": 1, "fa:16:3e:33:0e:12": 2 },
    },
    { ip: "192.168.148.126", device: "eth0", own: true, macs: {} },
    { ip: "10.1.2.3", device: "cni0", own: false, macs: { "b2:12:68:ab:89:d2": 1 } },
  ]);
});

test("wherever the output is cut or what else it holds, it is read or left out", () => {
  for (let at = 0; at <= text.length; at += 7) expect(read([text.slice(0, at), text.slice(at)])).toHaveLength(3);
  expect(read(["Unicast reply from 1.2.3.4 [FA:16:3E:5B:04:11]  0.6ms\n\u0000?? x\n"])).toBeUndefined();
  for (let at = 0; at <= text.length; at += 11) expect(() => read([text.slice(0, at)])).not.toThrow();
});
