import { expect, test } from "vitest";
import { iptablesRules, type ServicePort } from "#lab/cluster/service-rules.ts";
import { nftRules } from "#lab/cluster/service-rules-nft.ts";

const web = (endpoints: ServicePort["endpoints"]): ServicePort => ({
  name: "shop/web:http",
  clusterIp: "10.9.1.80",
  port: 80,
  protocol: "tcp",
  endpoints,
});
const three = ["10.40.1.2", "10.40.2.2", "10.40.3.2"].map((ip) => ({ ip, port: 8080 }));

test("each of three endpoints gets a third of the connections", () => {
  const { text } = iptablesRules([web(three)], "10.40.0.0/16");
  const chances = [...text.matchAll(/--probability (\S+)/g)].map(([, chance]) => Number(chance));
  expect(chances).toEqual([1 / 3, 1 / 2].map((chance) => Number(chance.toFixed(11))));
  expect([...text.matchAll(/--to-destination (\S+)/g)].map(([, to]) => to)).toEqual(
    three.map(({ ip, port }) => `${ip}:${port}`),
  );
});

test("a service without endpoints is refused in words that kube-proxy uses", () => {
  expect(iptablesRules([web([])], "10.40.0.0/16").text).toContain('"shop/web:http has no endpoints"');
  expect(nftRules([web([])], { podRange: "10.40.0.0/16", family: "ipv4", nodeIp: "192.168.7.20" })).toContain(
    "10.9.1.80 . tcp . 80 : goto reject-chain",
  );
});

test("chains of endpoints that have gone are removed after nothing leads to them any more", () => {
  const before = iptablesRules([web(three)], "10.40.0.0/16");
  const after = iptablesRules([web(three.slice(1))], "10.40.0.0/16", before.chains);
  const [gone] = before.chains.filter((chain) => !after.chains.includes(chain));
  expect(after.text).toContain(`:${gone} - [0:0]`);
  expect(after.text.indexOf(`-X ${gone}`)).toBeGreaterThan(after.text.lastIndexOf("-A "));
});
