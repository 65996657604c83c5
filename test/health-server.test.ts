import { expect, test } from "vitest";
import type { NetcheckError } from "#src/core/errors.ts";
import { type Health, startHealthServer } from "#src/health-server.ts";
import { silentLog } from "#src/log.ts";
import { addProcessMetrics, createMetrics } from "#src/metrics.ts";

const ask = async ({ port }: Health, path: string, method = "GET") => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return { code: response.status, type: response.headers.get("content-type"), text: await response.text() };
};

test("metrics are Prometheus' text, brought up to date when they are read", async () => {
  const metrics = createMetrics();
  addProcessMetrics(metrics);
  await using health = await startHealthServer({ port: 0, metrics, log: silentLog });
  let reads = 0;
  metrics.beforeRead(async () => metrics.leases.set(++reads));
  metrics.ended("degraded");
  metrics.stage("queued", -20);
  metrics.gaps.inc({ probe: "ping", reason: 'a "quoted" {node}\n' });
  await ask(health, "/metrics");
  const { code, type, text } = await ask(health, "/metrics?format=text");
  expect([code, type]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
  const lines = text.split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "# TYPE netcheck_checks_total counter",
      'netcheck_checks_total{status="degraded"} 1',
      'netcheck_gaps_total{probe="ping",reason="a \\"quoted\\" {node}\\n"} 1',
      'netcheck_stage_duration_seconds_bucket{le="0.1",stage="queued"} 1',
      'netcheck_stage_duration_seconds_sum{stage="queued"} 0',
      "netcheck_node_leases 2",
    ]),
  );
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
  expect(text).toMatch(/^process_resident_memory_bytes \d/m);
});

test("a process lives as soon as it serves, and is ready when all it needs is there", async () => {
  await using health = await startHealthServer({ port: 0, metrics: createMetrics(), log: silentLog });
  health.need("redis", () => "not connected yet");
  health.need("slack", () => undefined);
  expect(await ask(health, "/livez")).toMatchObject({ code: 200, text: "ok\n" });
  expect(await ask(health, "/readyz")).toMatchObject({ code: 503, text: "[-]redis: not connected yet\n[+]slack ok\n" });
  health.need("redis", () => undefined);
  expect(await ask(health, "/readyz")).toMatchObject({ code: 200, text: "[+]redis ok\n[+]slack ok\n" });
});

test("numbers that cannot be had are one failed answer, and the server goes on", async () => {
  const metrics = createMetrics();
  await using health = await startHealthServer({ port: 0, metrics, log: silentLog });
  metrics.beforeRead(() => Promise.reject(new Error("a bug")));
  expect(await ask(health, "/metrics")).toMatchObject({ code: 500, text: "" });
  expect((await ask(health, "/livez")).code).toBe(200);
});

test.each([
  { path: "/", method: "GET", code: 404 },
  { path: "/metrics/", method: "GET", code: 404 },
  { path: "/../metrics.json", method: "GET", code: 404 },
  { path: "/metrics", method: "POST", code: 405 },
  { path: "/livez", method: "HEAD", code: 200 },
])("$method $path is $code", async ({ path, method, code }) => {
  await using health = await startHealthServer({ port: 0, metrics: createMetrics(), log: silentLog });
  expect((await ask(health, path, method)).code).toBe(code);
});

test("a port in use is a wrong configuration that names the variable", async () => {
  await using first = await startHealthServer({ port: 0, metrics: createMetrics(), log: silentLog });
  const second = startHealthServer({ port: first.port, metrics: createMetrics(), log: silentLog });
  const error: NetcheckError = await second.then(
    () => expect.fail("it was opened twice"),
    (cause) => cause,
  );
  expect([error.code, error.message]).toEqual([
    "bad-config",
    `NETCHECK_METRICS_PORT is ${first.port}: another program listens there.`,
  ]);
});
