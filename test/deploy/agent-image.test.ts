import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { allocatorEnv, nodeFlags } from "#lab/product.ts";
import { probes } from "#src/probes/index.ts";

const folder = join(import.meta.dirname, "../../deploy/agent");
const text = (name: string) => readFileSync(join(folder, name), "utf8");
const scripts = readdirSync(join(folder, "bin"));

type Line = { readonly name: string; readonly version: string; readonly programs: readonly string[] };
const packages: readonly Line[] = text("packages")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [name = "", version = "", ...programs] = line.split(" ");
    return { name, version, programs };
  });
const programs = new Set(packages.flatMap((one) => one.programs));

test("the list is in order, names no program twice, and only whole or wildcard versions", () => {
  expect(packages.map(({ name }) => name)).toEqual(packages.map(({ name }) => name).sort());
  expect(programs.size).toBe(packages.flatMap((one) => one.programs).length);
  for (const { name, version } of packages) expect(version, name).toMatch(/^(-|[0-9][A-Za-z0-9.+:~-]*\*?)$/);
});

/** First words of argv arrays in a source: `argv: ["ip", …`, `command: ["getent", …`, `? ["tc", …`. */
const firstWords = (source: string) => [...source.matchAll(/\[\s*"([a-z][a-z0-9-]+)",/g)].map(([, word]) => word ?? "");

test("what probes and the worker run on nodes is in the image", () => {
  const fixed = probes.flatMap((probe) =>
    "argv" in probe && typeof probe.argv !== "function" ? [probe.argv[0] ?? ""] : [],
  );
  expect(fixed).toContain("conntrack");
  const src = join(folder, "../../src");
  const files = ["probes", "cluster"].flatMap((name) =>
    readdirSync(join(src, name))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(src, name, file)),
  );
  const known = new Set([...programs, ...scripts]);
  // Of the words in sources only those count that are programs on this machine or scripts: the rest are names of fields.
  const verbs = new Set(["open", "sync"]);
  const written = files
    .flatMap((file) => firstWords(readFileSync(file, "utf8")))
    .filter((word) => known.has(word) || ["/usr/bin", "/usr/sbin"].some((bin) => existsSync(join(bin, word))));
  expect(written).toContain("netcheck-arp");
  expect([...new Set([...fixed, ...written])].filter((word) => !known.has(word) && !verbs.has(word))).toEqual([]);
});

/** Programs that a script in sh starts: words at the place of a command. */
const commandWords = (source: string) =>
  [
    ...source
      .replaceAll(/^\s*#.*$/gm, "")
      .matchAll(/(?:^|[;&|(]|\b(?:then|do|else|exec|if|while|!)|\$\()\s*([a-z][a-z0-9-]*)(?=\s|$|\))/gm),
  ].map(([, word]) => word ?? "");

test("what the scripts in sh start is in the image", () => {
  const missing = scripts.flatMap((name) => {
    const source = text(`bin/${name}`);
    if (!/^#!\/bin\/sh|shellcheck shell=sh/m.test(source)) return [];
    return commandWords(source)
      .filter((word) => existsSync(join("/usr/bin", word)) || existsSync(join("/usr/sbin", word)))
      .filter((word) => !programs.has(word) && !builtins.has(word))
      .map((word) => `${name}: ${word}`);
  });
  expect([...new Set(missing)]).toEqual([]);
});

/** Words of that shape that start nothing: builtins, verbs of ours, and Perl within the shell. */
const builtins = new Set(
  "[ test true false echo kill pwd printf umask command wait read open chroot file sync".split(" "),
);

const onDebian12 = existsSync("/etc/debian_version") && /^12\b/.test(readFileSync("/etc/debian_version", "utf8"));

describe.skipIf(!onDebian12)("on Debian 12, of which the image is made", () => {
  test("each program comes from the package that is named", () => {
    const path = new Map(
      [...programs].map((program) => [
        program,
        ["/usr/bin", "/usr/sbin"].map((bin) => join(bin, program)).find((at) => existsSync(at)) ?? "",
      ]),
    );
    expect([...path].filter(([, at]) => at === "").map(([program]) => program)).toEqual([]);
    // Links that alternatives made belong to nobody, and packages from before the merge of /bin and /usr/bin say /bin.
    const spellings = (at: string) => [at, realpathSync(at)].flatMap((one) => [one, one.replace("/usr", "")]);
    const { stdout } = spawnSync("dpkg", ["-S", ...[...path.values()].flatMap(spellings)], { encoding: "utf8" });
    const owners = new Map(
      stdout
        .split("\n")
        .map((line) => [line.split(": ").at(-1) ?? "", line.split(/[:,]/)[0]?.replace("perl-base", "perl")]),
    );
    for (const { name, programs: all } of packages)
      for (const program of all)
        expect(
          spellings(path.get(program) ?? "").map((at) => owners.get(at)),
          program,
        ).toContain(name);
  });

  test("versions that are fixed are those of this release", () => {
    const all = execFileSync("dpkg", ["-l", ...packages.map(({ name }) => name)], { encoding: "utf8" });
    const versions = all.replaceAll(/^ii +([^ :]+)\S* +(\S+).*$/gm, "$1 $2");
    for (const { name, version } of packages.filter((one) => one.version !== "-")) {
      const here =
        versions
          .split("\n")
          .find((line) => line.startsWith(`${name} `))
          ?.split(" ")[1] ?? "";
      // Security updates change what follows "+deb12u", rebuilds what stands for the asterisk.
      const upstream = (one: string) => one.replace(/\+deb12u\d+$/, "");
      if (version.endsWith("*")) expect(here.startsWith(version.slice(0, -1)), `${name} ${here}`).toBe(true);
      else expect(upstream(here), name).toBe(upstream(version));
    }
  });
});

test("the base is fixed by digest, and packages by a day of the archive", () => {
  const recipe = text("Containerfile");
  expect(recipe).toMatch(/^ARG BASE=\S+@sha256:[0-9a-f]{64}$/m);
  expect(recipe).toMatch(/^ARG SNAPSHOT=\d{8}T\d{6}Z$/m);
  expect(readFileSync(join(folder, "../Containerfile"), "utf8")).toMatch(/^ARG BASE=\S+@sha256:[0-9a-f]{64}$/m);
});

test("the image and a checkout start netcheck as the lab and the benches do", () => {
  const image = readFileSync(join(folder, "../Containerfile"), "utf8");
  expect(image).toContain(`\nENTRYPOINT ${JSON.stringify(["node", ...nodeFlags]).replaceAll(",", ", ")}\n`);
  const setup = readFileSync(join(folder, "../../setup.mjs"), "utf8");
  for (const flag of nodeFlags) expect(setup).toContain(`"${flag}"`);
  for (const [name, value] of Object.entries(allocatorEnv)) {
    expect(image).toMatch(new RegExp(`^ENV .*\\b${name}=${value}$`, "m"));
    expect(setup).toContain(`${name}: "${value}"`);
  }
});
