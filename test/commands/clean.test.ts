import { expect, test } from "vitest";
import { cleanText } from "#src/commands/grammar/clean.ts";

test.each([
  ["web-0 db-0 10m", "web-0 db-0 10m"],
  ["  web-0\t db-0 \n 10m ", "web-0 db-0 10m"],
  ["WEB-0 Db-0 10M", "web-0 db-0 10m"],
  // Slack's escapes
  ["<@U012AB3CD|alice> db-0", "@alice db-0"],
  ["<@U012AB3CD> db-0", "@someone db-0"],
  ["<@U012AB3CD|> db-0", "@someone db-0"],
  ["<#C012AB3CD|ops net> db-0", "#ops-net db-0"],
  ["<#C012AB3CD> db-0", "#channel db-0"],
  ["<!here> db-0", "@here db-0"],
  ["<!subteam^S012AB3CD|@oncall> db-0", "@oncall db-0"],
  ["<!subteam^S012AB3CD> db-0", "@group db-0"],
  ["<http://svc.ns|svc.ns> db-0", "svc.ns db-0"],
  ["<http://10.0.0.1|10.0.0.1> db-0", "10.0.0.1 db-0"],
  ["<http://svc.ns:8080|svc.ns:8080> db-0", "svc.ns:8080 db-0"],
  ["<https://Svc.Ns/|https://svc.ns/> db-0", "https://svc.ns/ db-0"],
  ["<https://svc.ns/path> db-0", "https://svc.ns/path db-0"],
  ["<http://evil.example|svc.ns> db-0", "http://evil.example db-0"],
  ["<http://svc.ns|click here> db-0", "http://svc.ns db-0"],
  ["<mailto:web-0@prod.example|web-0@prod.example> db-0", "web-0@prod.example db-0"],
  ["a &amp; b &lt;x&gt;", "a & b <x>"],
  ["&amp;lt;", "&lt;"],
  // typography
  ["\u201cweb-0\u201d db-0", "web-0 db-0"],
  ["\u2018web-0\u2019 `db-0`", "web-0 db-0"],
  ["\u201cweb-0 db-0 10m\u201d", "web-0 db-0 10m"],
  ["web\u20110 db\u22120", "web-0 db-0"],
  ["web-0 db-0 \u2014port 80", "web-0 db-0 --port 80"],
  ["web-0 db-0 \u2013port=80", "web-0 db-0 --port=80"],
  ["web-0 db-0 \u22125m", "web-0 db-0 -5m"],
  ["web-0\u00a0db-0\u202f10m\u300020s", "web-0 db-0 10m 20s"],
  ["web-0\u2028db-0\u0000x", "web-0 db-0 x"],
  ["web\u200b-0 \u200fdb\u200e-0\u202c \ufeff10m", "web-0 db-0 10m"],
  ["\u2067web-0\u2069 db-0\u00ad", "web-0 db-0"],
  ["\uff57\uff45\uff42\uff0d\uff10 svc\uff0fshop\uff0fweb\uff1a80", "web-0 svc/shop/web:80"],
  ["\ufe0f1\ufe0f0m", "10m"],
  ["", ""],
  ["\u200b \u00a0", ""],
])("cleaning %j gives %j", (raw, clean) => {
  expect(cleanText(raw)).toBe(clean);
});

test("cleaning twice is cleaning once", () => {
  for (const text of ["“web-0” <http://a.b|a.b>", "web\u00a0—port", "ＷＥＢ"])
    expect(cleanText(cleanText(text))).toBe(cleanText(text));
});

test("a huge text is cleaned in a time that grows with its length", () => {
  const started = performance.now();
  cleanText("<http://".repeat(5_000) + "“".repeat(10_000) + "|".repeat(10_000));
  expect(performance.now() - started).toBeLessThan(5_000);
});
