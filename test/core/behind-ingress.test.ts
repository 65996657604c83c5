import { expect, test } from "vitest";
import { behindIngress } from "#src/core/behind-ingress.ts";
import type { IngressView } from "#src/core/cluster-view.ts";
import { diagnose } from "#src/core/diagnose.ts";
import type { End } from "#src/core/plan.ts";
import { inWords } from "#src/core/sentence.ts";
import { drawDone } from "#src/report/headline.ts";
import { renderText } from "#src/report/terminal.ts";
import { wordings } from "#src/report/words.ts";
import { rules } from "#src/rules/index.ts";
import { play, requestFor } from "./simulate.ts";

const front: IngressView = {
  namespace: "shop",
  name: "front",
  hosts: ["shop.example.org", "*.shop.example.org"],
  backends: [{ service: "web", port: 80 }],
};
const services = [
  {
    namespace: "shop",
    name: "web",
    selector: {},
    ports: [],
    endpoints: [{ ip: "10.1.0.5", pod: "web-0", ready: true, ports: [8080] }],
  },
];
const service: End = { kind: "service", name: "svc/shop/web", ip: "10.96.0.9" };
const pod: End = { kind: "pod", name: "shop/web-0", ip: "10.1.0.5" };
const host = (name: string): End => ({ kind: "address", name, ip: "203.0.113.9" });
const notes = (to: End, ingresses?: IngressView[], language: "en" | "zh" = "en") =>
  behindIngress(to, { services, ...(ingresses ? { ingresses } : {}) }).map((note) => inWords(note, language));

const through =
  "is also reached through Ingress shop/front (host shop.example.org and *.shop.example.org): what comes from outside passes it, this check does not.";
const entrance =
  "is the host of Ingress shop/front: this check measures the way to it, not from there to svc/shop/web:80.";

test.each([
  { name: "a Service behind it", to: service, want: `svc/shop/web ${through}` },
  { name: "a pod of that Service", to: pod, want: `shop/web-0 ${through}` },
  { name: "its host", to: host("shop.example.org"), want: `shop.example.org ${entrance}` },
  { name: "a host of its wildcard", to: host("a.shop.example.org"), want: `a.shop.example.org ${entrance}` },
])("$name is said to have an Ingress", ({ to, want }) => {
  expect(notes(to, [front])).toEqual([want]);
});

test("in Chinese", () => {
  expect(notes(pod, [{ ...front, hosts: ["shop.example.org"] }], "zh")).toEqual([
    "shop/web-0 也经由 Ingress shop/front（主机名 shop.example.org）对外提供：来自外部的流量会经过它，而本次检查不经过。",
  ]);
  expect(notes(host("shop.example.org"), [front], "zh")).toEqual([
    "shop.example.org 是 Ingress shop/front 的主机名：本次检查只测量到它为止的路径，不测量从它到 svc/shop/web:80 的路径。",
  ]);
});

test.each<{ name: string; to: End; ingresses?: IngressView[] }>([
  { name: "ingresses that may not be read", to: service },
  { name: "a namesake in another namespace", to: service, ingresses: [{ ...front, namespace: "test" }] },
  { name: "another Service", to: service, ingresses: [{ ...front, backends: [{ service: "api", port: 80 }] }] },
  { name: "another pod", to: { ...pod, name: "shop/db-0" }, ingresses: [front] },
  { name: "a node", to: { kind: "node", name: "ulm", ip: "192.0.2.1" }, ingresses: [front] },
  { name: "two labels below a wildcard", to: host("a.b.shop.example.org"), ingresses: [front] },
])("nothing is said of $name", ({ to, ingresses }) => {
  expect(notes(to, ingresses)).toEqual([]);
});

test.each(["en", "zh"] as const)(
  "the report says it without blaming anything, and the thread shows it: %s",
  (language) => {
    const { plan, evidence } = play({});
    const request = { ...requestFor(20), language };
    const noted = { ...plan, notes: [...behindIngress(service, { services, ingresses: [front] })] };
    const report = diagnose({ request, plan: noted, evidence, gaps: [], rules });
    const [note = ""] = report.notes ?? [];
    expect(note).toContain("Ingress shop/front");
    expect(report).toMatchObject({ status: "healthy", causes: [] });
    const drawn = drawDone({ request, report, revision: 1, wording: wordings[language] });
    expect(JSON.stringify(drawn.blocks)).toContain(note);
    expect(renderText(report, { columns: 400, wording: wordings[language] })).toContain(note);
  },
);
