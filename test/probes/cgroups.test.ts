import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import type { Sample } from "#src/core/probe.ts";
import { cgroups, cgroupsEvidence, parseCgroups } from "#src/probes/cgroups.ts";
import { transcript } from "./transcript.ts";

const vantage: Vantage = { id: "pod/a/b", label: "a/b", node: "n", netns: "1111", ip: "10.0.0.1", role: "from" };
const read = (...texts: readonly string[]) => {
  const samples = texts.map((stdout, n): Sample => ({ atMs: 1_000 + 5_000 * n, exitCode: 0, stdout }));
  const [evidence] = cgroups.read(samples, { subject: vantage.id, vantage });
  return evidence === undefined ? undefined : cgroupsEvidence.schema.parse(evidence.data).containers;
};
const id = "c0ffee0000000000000000000000000000000000000000000000000000000001";

test("cgroup v1, recorded: quota, memory and what the counters gained", () => {
  const first = transcript("cgroup-v1.txt");
  const busy = [...parseCgroups(first)].find(([, { quotaUs }]) => quotaUs !== undefined);
  expect(busy?.[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(busy?.[1]).toMatchObject({ quotaUs: 10_000, periodUs: 100_000 });
  const later = first.replace(/nr_throttled \d+/g, "nr_throttled 400").replace(/nr_periods \d+/g, "nr_periods 500");
  const one = read(first, later)?.find((container) => container.id === busy?.[0]);
  expect(one?.gains.gained["throttled"]).toBe(400 - (busy?.[1].counts["throttled"] ?? 0));
  expect(one?.memoryLimitBytes).toBeUndefined();
});

test.each([
  ["containerd under systemd", `cri-containerd-${id}.scope/`, id],
  ["CRI-O", `crio-${id}.scope/`, id],
  ["cgroupfs", `${id}/`, id],
  ["the pod itself", "", ""],
])("%s", (_, folder, expected) => {
  const text = (n: number) =>
    [
      `${folder}cpu.stat:nr_periods ${n}`,
      `${folder}cpu.stat:nr_throttled ${n / 2}`,
      `${folder}cpu.stat:throttled_usec ${n * 1_000}`,
      `${folder}cpu.max:20000 100000`,
      `${folder}memory.current:4096`,
      `${folder}memory.max:max`,
      `${folder}memory.events:oom ${n}`,
      `${folder}memory.events:oom_kill ${n / 50}`,
      `${folder}cpu.pressure:some avg10=0.00 avg60=0.00 avg300=0.00 total=${n}`,
      "",
    ].join("\n");
  const [one] = read(text(100), text(150), text(250)) ?? [];
  expect(one).toMatchObject({ id: expected, quotaUs: 20_000, periodUs: 100_000, memoryBytes: 4_096 });
  expect(one?.memoryLimitBytes).toBeUndefined();
  expect(one?.gains.gained).toEqual({
    periods: 150,
    throttled: 75,
    throttledUs: 150_000,
    oomKills: 3,
    cpuStallUs: 150,
  });
  expect(one?.gains.steps).toHaveLength(2);
});

test("the process closest to its limit of open files, and processes, at their most", () => {
  const text = (open: number, tasks: number) =>
    `${id}/cpu.stat:nr_periods 1\n${id}/fds:${open} 1024 4711 java -server\n${id}/pids.current:${tasks}\n${id}/pids.max:100\n`;
  expect(read(text(9, 5), text(1_020, 99), text(12, 6))?.[0]).toMatchObject({
    files: { open: 1_020, limit: 1_024, pid: 4_711, process: "java -server" },
    tasks: { most: 99, limit: 100 },
  });
  expect(read(text(9, 5).replace("pids.max:100", "pids.max:max"))?.[0]?.tasks).toBeUndefined();
});

test("a container that was made anew counts from its first reading", () => {
  const other = id.replaceAll("f", "e");
  const text = (one: string, n: number) => `${one}/cpu.stat:nr_throttled ${n}\n`;
  const found = read(text(id, 5), text(id, 9) + text(other, 70), text(other, 71));
  expect(found?.map((one) => one.gains.gained)).toEqual([{ throttled: 4 }, { throttled: 1 }]);
});

test("output that was cut anywhere, and garbage, is never a number that nobody printed", () => {
  const whole = transcript("cgroup-v1.txt");
  for (let end = 0; end < whole.length; end += 7) {
    const full = parseCgroups(whole);
    for (const [key, { counts }] of parseCgroups(whole.slice(0, end)))
      for (const [name, value] of Object.entries(counts)) expect(full.get(key)?.counts[name]).toBe(value);
  }
  expect(read("Killed\n", "::::\n/:\n")).toBeUndefined();
  expect(read()).toBeUndefined();
});
