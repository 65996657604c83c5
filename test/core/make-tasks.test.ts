import { expect, test } from "vitest";
import { makePlan } from "#src/core/make-plan.ts";
import { openReader } from "#src/core/open-reader.ts";
import type { Probe } from "#src/core/probe.ts";
import { cluster, endOf, requestFor, startOf, viewOf } from "./simulate.ts";

const world = cluster(3);
const window = { startMs: startOf, endMs: startOf + 20_000 };
const plan = (...probes: Probe[]) =>
  makePlan({
    request: requestFor(20),
    window,
    from: endOf(world, "shop/api-0"),
    to: endOf(world, "shop/api-1"),
    view: viewOf(world),
    probes,
  });
const silent = { push: () => {}, evidence: () => [] };

test("a survey runs where it wants to, and learns from the cluster what to ask", () => {
  const opened: string[] = [];
  const survey: Probe = {
    kind: "survey",
    name: "ask",
    wants: ({ at }) => at.role === "from",
    argv: ({ at, view, plan: { window: asked } }) => ["ask", at.ip, `${view.nodes.length}`, `${asked.endMs}`],
    maxBytes: () => 100,
    open: ({ at }) => {
      opened.push(at.label);
      return silent;
    },
  };
  const made = plan(survey);
  expect(made.tasks).toMatchObject([
    {
      id: "ask-1",
      subject: "pod/shop/api-0",
      node: "ulm",
      argv: ["ask", world.pods[0]?.ip, "3", `${window.endMs}`],
    },
  ]);
  for (const task of made.tasks) openReader(task, made, [survey]);
  expect(opened).toEqual(["shop/api-0"]);
});

test("a reading may differ by place, be rare, and leave places out", () => {
  const reading: Probe = {
    kind: "reading",
    name: "files",
    scope: "netns",
    pace: "seldom",
    argv: ({ netns }) => ["show", netns],
    wants: ({ id }) => id.startsWith("pod/"),
    read: () => [],
  };
  const [task] = plan(reading).tasks.filter(({ node }) => node === "ulm");
  const uids = plan(reading).vantages.flatMap(({ node, netns }) => (node === "ulm" && netns !== "node" ? [netns] : []));
  expect(uids.length).toBeGreaterThan(0);
  expect(task?.argv).toEqual(["netcheck-read", "5", ...uids.flatMap((uid) => ["--seldom", uid, "2", "show", uid])]);
  expect(task?.readings?.every(({ subject }) => subject.startsWith("pod/"))).toBe(true);
});
