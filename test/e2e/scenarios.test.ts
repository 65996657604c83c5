import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadScenario } from "#lab/cluster/scenario.ts";
import { playScenario } from "#lab/run.ts";

const folder = new URL("../../lab/scenarios/", import.meta.url).pathname;
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

// Each run has a cluster, a Slack and a netcheck of its own, and mostly waits; several at once are also a busy machine.
test.concurrent.each(files)("netcheck answers rightly when %s is played", { timeout: 180_000 }, async (file) => {
  const line = await playScenario(await loadScenario(join(folder, file)));
  const { causes, unknown, gaps, cleared } = line.report ?? {};
  expect(line.wrong, JSON.stringify({ causes, unknown, gaps, cleared })).toEqual([]);
});
