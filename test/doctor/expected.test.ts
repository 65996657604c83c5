import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { agentCapabilities as granted } from "#lab/cluster/chart.ts";
import {
  agentCapabilities,
  agentPrograms,
  agentScripts,
  optionalScopes,
  requiredScopes,
  toolVersions,
} from "#src/doctor/expected.ts";

const root = join(import.meta.dirname, "../..");
const text = (name: string) => readFileSync(join(root, name), "utf8");

test("the scopes are those of the manifest", () => {
  const { bot, bot_optional: optional } = parse(text("manifest.yml")).oauth_config.scopes;
  expect([...requiredScopes].sort()).toEqual([...bot].sort());
  expect(optional).toEqual(expect.arrayContaining(Object.keys(optionalScopes)));
});

const packages = text("deploy/agent/packages")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(" "));

test("the programs are those of the agent image, and the scripts those that can be started", () => {
  expect([...agentPrograms].sort()).toEqual(packages.flatMap(([, , ...programs]) => programs).sort());
  const bin = join(root, "deploy/agent/bin");
  const startable = readdirSync(bin).filter((name) => {
    try {
      accessSync(join(bin, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  expect([...agentScripts].sort()).toEqual(startable.sort());
});

test.each(Object.entries(toolVersions))("%s is tested in the version of the image", (tool, { tested }) => {
  const [, version = ""] = packages.find(([, , ...programs]) => programs.includes(tool)) ?? [];
  // Epoch and Debian's revision are not the tool's own.
  expect(version.replace(/^\d+:/, "").replace(/[-+].*$/, "")).toBe(tested);
});

test("the capabilities are those of the chart, by the kernel's numbers", () => {
  expect(Object.keys(agentCapabilities).sort()).toEqual([...granted()].sort());
  const header = "/usr/include/linux/capability.h";
  const numbers = /#define CAP_/.test(readable(header)) ? readable(header) : undefined;
  for (const [name, bit] of Object.entries(numbers === undefined ? {} : agentCapabilities))
    expect(numbers).toMatch(new RegExp(`#define CAP_${name}\\s+${bit}\\b`));
});

function readable(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
