// Prepares a fresh clone and starts what was asked for. Plain JavaScript for any Node from 18 on, because the Node that
// the project itself needs (24) is one of the npm packages that this script installs.
//
//   node setup.mjs [--quiet] run FILE [ARG…]   set up what FILE needs, then run it with Node 24
//   node setup.mjs test [ARG…]                 set up everything, then lint, type-check and run all tests
//
// Progress goes to stderr. Exit code 2 when something is missing that this user may not install.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const stampFile = join(root, "node_modules", ".netcheck-setup");
const page = join(root, "lab", "slack", "page");

/** Program that must be in PATH → Debian package that has it. */
const labPrograms = {
  arping: "iputils-arping",
  bridge: "iproute2",
  busybox: "busybox",
  chromium: "chromium",
  bpftool: "bpftool",
  conntrack: "conntrack",
  curl: "curl",
  dig: "dnsutils",
  ethtool: "ethtool",
  fping: "fping",
  iptables: "iptables",
  nc: "netcat-openbsd",
  nft: "nftables",
  nsenter: "util-linux",
  openssl: "openssl",
  perl: "perl",
  ping: "iputils-ping",
  python3: "python3-minimal",
  "redis-server": "redis-server",
  setpriv: "util-linux",
  shellcheck: "shellcheck",
  tcpdump: "tcpdump",
  tini: "tini",
  tshark: "tshark",
};

/** Fonts without which the page has boxes for letters: one file of each → its package. */
const pageFonts = {
  "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
  "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf": "fonts-noto-color-emoji",
};

/** What tests need besides, by a file that it has: an object store to keep captures in. */
const testFiles = { "/usr/lib/python3/dist-packages/swift/common/middleware/s3api/s3api.py": "python3-swift" };

/** Files under which the lab (namespaces) is needed, and those that show its web page. */
const needsLab = (file) => /^(lab|bench)\//.test(file);
const needsPage = (file) => /^lab\//.test(file);

/** `npm run netcheck -- bot` and its like name a process; everything else is for the command line. */
const processes = { bot: "workers/bot.ts", worker: "workers/worker.ts", all: "workers/all.ts" };

/** Of these processes, as in deploy/Containerfile. */
const memory = {
  flags: ["--max-semi-space-size=4", "--max-old-space-size=512"],
  env: { MALLOC_ARENA_MAX: "2" },
};

const args = process.argv.slice(2);
const quiet = args[0] === "--quiet" && Boolean(args.shift());
const [verb, ...rest] = args;
const say = (text) => process.stderr.write(`${text}\n`);
const detail = (text) => quiet || say(text);

function stop(text) {
  say(text);
  process.exit(2);
}

function run(command, argv, { env = {}, stdio = ["inherit", "inherit", "inherit"] } = {}) {
  const done = spawnSync(command, argv, { cwd: root, stdio, env: { ...process.env, ...env } });
  if (done.error) stop(`${command} could not be started: ${done.error.message}`);
  return done.status ?? 1;
}

/** Everything but the result goes to stderr, so that machine-readable output stays alone on stdout. */
const toStderr = { stdio: ["ignore", 2, 2] };

function digest(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}

function installNpmPackages() {
  const want = digest([join(root, "package.json"), join(root, "package-lock.json")]);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === want) return;
  detail("Installing npm packages …");
  // Not `npm ci`: it refuses a lock file made where a registry lacks builds for other platforms. The lock is obeyed alike.
  const status = run(
    "npm",
    ["install", "--no-save", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"],
    toStderr,
  );
  if (status !== 0) stop("npm install failed; its messages are above.");
  writeFileSync(stampFile, want);
}

function inPath(program) {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .concat("/usr/sbin", "/sbin")
    .some((folder) => {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function installDebianPackages(files = pageFonts) {
  const absent = [
    ...Object.entries(labPrograms).filter(([program]) => !inPath(program)),
    ...Object.entries(files).filter(([file]) => !existsSync(file)),
  ];
  const missing = [...new Set(absent.map(([, name]) => name))];
  if (missing.length === 0) return;
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...missing];
  const root = process.getuid() === 0;
  if (!inPath("apt-get"))
    stop(
      `These programs' packages are missing: ${missing.join(" ")}. Install them with your system's package manager.`,
    );
  if (!root && spawnSync("sudo", ["-n", "true"]).status !== 0)
    stop(`Debian packages are missing. Run this once, then try again:\n  sudo ${install.join(" ")}`);
  detail(`Installing Debian packages: ${missing.join(" ")} …`);
  // RUNLEVEL=1 keeps invoke-rc.d from starting the packaged redis-server service, which netcheck does not use.
  const quietly = { env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" }, ...toStderr };
  const prefix = root ? [] : ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"];
  const apt = (argv) => run(...((line) => [line[0], line.slice(1)])([...prefix, "apt-get", "-qq", ...argv]), quietly);
  if (apt(install.slice(1)) !== 0 && (apt(["update"]) !== 0 || apt(install.slice(1)) !== 0))
    stop(`apt-get could not install: ${missing.join(" ")}. Its messages are above.`);
}

const container = `docker run --rm -it --privileged -v "$PWD":/netcheck -w /netcheck -p 127.0.0.1:8930:8930 node:24-bookworm npm run demo`;

/** The lab is made of Linux namespaces; say early and plainly when they cannot be had. */
function requireNamespaces() {
  const why =
    process.platform !== "linux"
      ? `this is ${process.platform}, and the lab cluster is made of Linux namespaces`
      : spawnSync("unshare", ["-mn", "true"]).status !== 0
        ? "this user may not make mount and network namespaces (root or CAP_SYS_ADMIN is needed)"
        : undefined;
  if (why === undefined) return;
  stop(
    `The demo, the lab and the integration tests cannot run here: ${why}.\n` +
      `What works here: npm run check (lint, types, unit tests) and npm run -s netcheck against a real cluster.\n` +
      `To run the rest, use a privileged container:\n  ${container}`,
  );
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "dist" && entry.name !== "node_modules")
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort();
}

function buildPage() {
  const stamp = join(page, "dist", ".sources");
  const want = digest([...filesBelow(page), join(root, "package-lock.json")]);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === want) return;
  detail("Building the lab Slack page …");
  if (
    run(
      node(),
      [join(root, "node_modules", "vite", "bin", "vite.js"), "build", page, "--logLevel", "warn"],
      toStderr,
    ) !== 0
  )
    stop("The lab Slack page could not be built; vite's messages are above.");
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, want);
}

/** Node 24 from the devDependency `node`; a system Node may be too old for the libraries. */
function node() {
  const own = join(root, "node_modules", "node", "bin", "node");
  if (existsSync(own) && statSync(own).size > 0) return own;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  return stop("Node 24 is missing: npm was told not to run install scripts. Run: npm rebuild node");
}

const withNode24 = () => ({
  PATH: [dirname(node()), join(root, "node_modules", ".bin"), process.env["PATH"], "/usr/sbin", "/sbin"].join(
    delimiter,
  ),
});

/** From outside, the file that is started is kept as machine code too, and Node need not load what removes types. */
const compileCache = {
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(root, "node_modules", ".cache", "netcheck"),
};

/** Whoever names no cluster means the lab that runs from this checkout, if there is one. */
function runningLab() {
  const labs = join(process.env["NETCHECK_DATA_DIR"] ?? join(root, ".netcheck"), "labs");
  const found = (existsSync(labs) ? readdirSync(labs) : []).flatMap((name) => {
    try {
      const { pid, workerKubeconfig } = JSON.parse(readFileSync(join(labs, name, "running.json"), "utf8"));
      process.kill(pid, 0);
      return [workerKubeconfig];
    } catch {
      return []; // no lab, or its owner is dead
    }
  });
  return found.length === 1 ? { KUBECONFIG: found[0] } : {};
}

function test(argv) {
  const bin = (name) => join(root, "node_modules", ".bin", name);
  const steps = [
    ["lint", bin("biome"), ["ci", "."]],
    ["types", bin("tsc"), []],
    ["types of the page", bin("tsc"), ["-p", page]],
    ["unused code", bin("knip"), []],
  ];
  const env = { ...withNode24(), ...compileCache };
  for (const [name, command, stepArgs] of argv.length > 0 ? [] : steps) {
    detail(`${name} …`);
    if (run(command, stepArgs, { env, ...toStderr }) !== 0) return 1;
  }
  const vitest = [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...argv];
  if (argv.length > 0) return run(node(), vitest, { env });
  // Whatever the whole suite did at API servers is what the Helm chart must grant, no more and no less.
  const folder = mkdtempSync(join(tmpdir(), "netcheck-calls-"));
  const calls = join(folder, "calls");
  writeFileSync(calls, "");
  const status = run(node(), vitest, { env: { ...env, NETCHECK_API_CALLS: calls } });
  const granted = run(node(), [join(root, "test", "support", "granted.ts"), calls], { env, ...toStderr });
  rmSync(folder, { recursive: true });
  return status || granted;
}

if (verb === "run" && rest[0] !== undefined) {
  if (needsLab(rest[0])) requireNamespaces();
  installNpmPackages();
  if (needsLab(rest[0])) installDebianPackages();
  if (needsPage(rest[0])) buildPage();
  const [file, word, ...more] = rest;
  const started = file === "src/cli.ts" && processes[word];
  const lab = process.env["KUBECONFIG"] === undefined ? runningLab() : {};
  const argv = started ? [...memory.flags, started, ...more] : rest;
  process.exitCode = run(node(), ["--disable-warning=ExperimentalWarning", ...argv], {
    env: { ...withNode24(), ...lab, ...compileCache, ...(started && memory.env) },
  });
} else if (verb === "test") {
  requireNamespaces();
  installNpmPackages();
  installDebianPackages({ ...pageFonts, ...testFiles });
  buildPage();
  process.exitCode = test(rest);
} else {
  stop("Usage: node setup.mjs [--quiet] run FILE [ARG…] | test [ARG…]");
}
