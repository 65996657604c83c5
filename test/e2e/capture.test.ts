import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTopology } from "#lab/cluster/topology.ts";
import { playCommand } from "#lab/play.ts";
import { startSession } from "#lab/session.ts";
import { agentOn, inPod } from "#test/lab/cluster/in-pod.ts";
import { lineage, otlpReceiver } from "#test/support/otlp-receiver.ts";

const tshark = (file: string, ...words: string[]): string =>
  execFileSync("tshark", ["-n", "-r", file, ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

test("a capture says between which two devices packets vanish, and hands out one file that tshark reads", {
  timeout: 240_000,
}, async () => {
  await using collector = await otlpReceiver();
  await using session = await startSession({
    name: `capture-${process.pid}`,
    topology: await loadTopology(undefined),
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
  });
  const { cluster } = session.lab;
  await cluster.fault.add({ kind: "device-loss", node: "node-2", device: "cni0", direction: "in", percent: 15 });
  const words = 'capture web-0 svc/db 30s filter="tcp or icmp"';
  const { check, report, thread } = await playCommand(session, words, { timeoutMs: 120_000 });

  expect(report.status).toBe("degraded");
  expect(report.captures.map(({ node }) => node)).toEqual([...Array(5).fill("node-1"), ...Array(5).fill("node-2")]);
  const lossy = report.hops.filter(({ lost, sent }) => lost > 0.05 * sent);
  expect(lossy.map(({ from, to }) => [from, to.replace(/\.\d+$/, "")])).toEqual([["node-2 cni0", "node-2 flannel"]]);
  expect(report.causes[0]).toMatchObject({ cause: "capture-loss-located", where: { kind: "node", name: "node-2" } });
  expect(thread.map(({ text }) => text).join("\n")).toContain("node-2 cni0");
  expect(report.charts.map(({ kind }) => kind)).toContain("hops");

  const folder = join(session.folder, "artifacts", "captures", check);
  const [merged = ""] = readdirSync(folder).filter((name) => name.startsWith("merged."));
  const file = join(folder, merged);
  // The thread hands it out, and so does the command line.
  const [posted = ""] = thread.flatMap(({ files }) => files).filter((path) => path.endsWith(".pcapng"));
  expect(readFileSync(posted)).toEqual(readFileSync(file));
  expect(report.files).toMatchObject([{ key: `captures/${check}/merged.pcapng`, holds: "all", payload: false }]);
  const fetched = join(session.folder, "fetched.pcapng");
  execFileSync(process.execPath, ["src/cli.ts", "artifact", "get", report.files?.[0]?.key ?? "", "-o", fetched], {
    env: { PATH: process.env["PATH"], NETCHECK_DATA_DIR: session.folder },
    stdio: "ignore",
  });
  expect(readFileSync(fetched)).toEqual(readFileSync(file));
  const interfaces = tshark(file, "-T", "fields", "-e", "frame.interface_name").trim().split("\n");
  expect(new Set(interfaces)).toEqual(new Set(report.captures.map(({ point }) => point)));
  expect(tshark(file, "-Y", 'frame.comment contains "node-2 cni0"', "-T", "fields", "-e", "frame.number")).not.toBe("");
  expect(tshark(file, "-Y", "tcp.len > 0 && tcp.payload")).toBe("");

  for (const node of ["node-1", "node-2", "node-3"]) {
    const { stdout } = await inPod(cluster, agentOn(cluster, node), [
      "sh",
      "-c",
      "ls -A /var/lib/netcheck; pgrep -x tcpdump",
    ]);
    expect(stdout.replace(/^\..*\n/gm, "")).toBe("");
  }

  // Where the seconds of a capture went.
  const measure = "slack command > answer > enqueue > measure";
  await expect
    .poll(() => collector.spans.map((span) => lineage(span, collector.spans)), { timeout: 20_000 })
    .toEqual(
      expect.arrayContaining([
        ...[`${measure} > start tasks`, `${measure} > window`, `${measure} > tidy`],
        `${measure} > conclude > analyse captures > merge files`,
        "slack command > answer > enqueue > report > notify deliver > slack upload",
        "slack command > answer > enqueue > report > notify deliver > slack share",
      ]),
    );
});
