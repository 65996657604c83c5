import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, type ExpectStatic } from "vitest";
import { frameReader } from "#src/core/readings.ts";
import { type AgentShell, shells } from "#test/support/agent-shell.ts";
import { CHECK, under } from "#test/support/agent-test.ts";
import { cgroupRoot, type PodLike, podLike } from "#test/support/pod-like.ts";

const root = cgroupRoot();
const top = `netcheck-test-${process.pid}`;
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

/** The pod's cgroup as the two drivers of the kubelet name it. */
const cgroupfs = (uid: string) => `${top}/kubepods/burstable/pod${uid}/0123abcd`;
const systemd = (uid: string) =>
  `${top}/kubepods.slice/kubepods-pod${uid.replaceAll("-", "_")}.slice/cri-containerd-0123abcd.scope`;

async function pod(
  path: (uid: string) => string,
  options: { ip: string; hostNetwork?: boolean },
): Promise<PodLike & { uid: string }> {
  const uid = randomUUID();
  return { ...cleanup.use(await podLike(root ?? "", path(uid), options)), uid };
}

/** Runs one task and returns its state and output. */
async function runTask(
  { one, expect }: { one: AgentShell; expect: ExpectStatic },
  netns: string,
  argv: readonly string[],
): Promise<{ said: unknown; text: string }> {
  const said = await one.start(CHECK, [{ id: "a", argv, netns }]);
  await expect.poll(() => one.states(CHECK, "a")).not.toEqual(["running"]);
  return { said: said["a"], text: (await one.sync(CHECK, { a: 0 })).tasks[0]?.bytes.toString() ?? "" };
}

describe.skipIf(root === undefined).concurrent.each(shells)("a pod's network namespace, under %s", (shell) => {
  const test = under(shell);

  test.for([
    { driver: "cgroupfs", path: cgroupfs },
    { driver: "systemd", path: systemd },
  ])("is entered by UID with the $driver driver", async ({ path }, { one, expect }) => {
    const web = await pod(path, { ip: "10.99.0.1" });
    const { said, text } = await runTask({ one, expect }, web.uid, ["ip", "-br", "addr"]);
    expect(said).toEqual({ state: "running" });
    expect(text).toContain("10.99.0.1/32");
  });

  test("of several pods each gets its own", async ({ one, expect }) => {
    const pods = await Promise.all(["10.99.0.2", "10.99.0.3", "10.99.0.4"].map((ip) => pod(cgroupfs, { ip })));
    await one.start(
      CHECK,
      pods.map(({ uid }, n) => ({ id: `t${n}`, argv: ["ip", "-br", "addr"], netns: uid })),
    );
    const ids = { t0: 0, t1: 0, t2: 0 };
    await expect
      .poll(async () =>
        (await one.sync(CHECK, ids)).tasks.map(({ bytes }) => /10\.99\.0\.\d/.exec(bytes.toString())?.[0]),
      )
      .toEqual(["10.99.0.2", "10.99.0.3", "10.99.0.4"]);
  });

  test("a hostNetwork pod is the node's namespace, not an error", async ({ one, expect }) => {
    const proxy = await pod(cgroupfs, { ip: "", hostNetwork: true });
    const { text } = await runTask({ one, expect }, proxy.uid, ["readlink", "/proc/self/ns/net"]);
    expect(text.trim()).toBe(readlinkSync("/proc/self/ns/net"));
  });

  test("a process of the pod that is still in the node's namespace is passed over", async ({ one, expect }) => {
    const web = await pod(cgroupfs, { ip: "10.99.0.5" });
    const stray = one.spawn("../../../test/fixtures/bin/forever", []);
    writeFileSync(join(root ?? "", cgroupfs(web.uid), "cgroup.procs"), String(stray.pid));
    const { text } = await runTask({ one, expect }, web.uid, ["ip", "-br", "addr"]);
    stray.kill("SIGKILL");
    expect(text).toContain("10.99.0.5/32");
  });

  test("a pod that is not on this node is refused, said again by sync, and tried anew", async ({ one, expect }) => {
    const uid = randomUUID();
    const task = { id: "a", argv: ["true"], netns: uid };
    expect(await one.start(CHECK, [task, { id: "b", argv: ["true"] }])).toEqual({
      a: { state: "refused", reason: "no-such-pod" },
      b: { state: "running" },
    });
    expect((await one.states(CHECK, "a"))[0]).toBe("refused no-such-pod");
    await using _late = await podLike(root ?? "", cgroupfs(uid), { ip: "10.99.0.6" });
    expect((await one.start(CHECK, [task]))["a"]?.state).toBe("running");
  });

  test("a PID that another process got meanwhile is not entered", async ({ one, expect }) => {
    const [web, other] = [await pod(cgroupfs, { ip: "10.99.0.7" }), await pod(cgroupfs, { ip: "10.99.0.8" })];
    await one.start(CHECK, [{ id: "b", argv: ["sleep", "20"] }]);
    // What start would leave if the pod's process ended and its PID was taken before the supervisor came to it.
    mkdirSync(join(one.state, CHECK, "a"));
    one.write(CHECK, "a/spec", `${web.uid}\n100\nip\naddr\n`);
    one.write(CHECK, "a/window", `1 ${Date.now() + 9_000}\n`);
    one.write(CHECK, "a/pod-pid", `${other.pid}\n`);
    one.write(CHECK, "a/ready", "");
    one.write(CHECK, ".new", "");
    await expect.poll(() => one.states(CHECK, "a")).toEqual(["done no-netns"]);
  });

  test("netcheck-read reads in each namespace, and says when a pod has gone", async ({ one, expect }) => {
    const uid = randomUUID();
    const web = await podLike(root ?? "", cgroupfs(uid), { ip: "10.99.0.9" });
    const words = ["1", "--read", uid, "3", "ip", "-br", "addr", "--read", "node", "2", "echo", "here"];
    const child = one.spawn("netcheck-read", words);
    const frames: { index: number; exitCode: number; stdout: string }[] = [];
    const read = frameReader(({ index, sample }) => frames.push({ index, ...sample }));
    child.stdout?.on("data", (chunk: Buffer) => read(chunk.toString("latin1")));
    await expect.poll(() => frames.length).toBeGreaterThanOrEqual(2);
    expect(frames[0]).toMatchObject({ index: 0, exitCode: 0, stdout: expect.stringContaining("10.99.0.9/32") });
    expect(frames[1]).toMatchObject({ index: 1, exitCode: 0, stdout: "here\n" });
    await web[Symbol.asyncDispose]();
    await expect.poll(() => frames.some(({ index, exitCode }) => index === 0 && exitCode === 125)).toBe(true);
    child.kill("SIGTERM");
  });

  test.for([
    { driver: "cgroupfs", path: cgroupfs },
    { driver: "systemd", path: systemd },
  ])("netcheck-cgroup finds the pod's cgroups with the $driver driver", async ({ path }, { one, expect }) => {
    const web = await pod(path, { ip: "10.99.0.10" });
    const { code, stdout } = await one.run("netcheck-cgroup", [web.uid]);
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/^(cri-containerd-)?0123abcd[^/]*\/[a-z_.]+:.+$/m);
    expect(stdout.toString()).toMatch(/\/fds:\d+ \d+ \d+ \S+$/m);
  });

  test("netcheck-pod prints the files of the list, as the pod has them, and no others", async ({ one, expect }) => {
    const web = await pod(cgroupfs, { ip: "10.99.0.11" });
    const { code, stdout } = await one.run("netcheck-pod", ["file", web.uid, "/etc/hosts"]);
    expect({ code, text: stdout.toString() }).toEqual({ code: 0, text: readFileSync("/etc/hosts", "utf8") });
    for (const path of ["/etc/shadow", "/etc/../etc/hosts", "/proc/self/environ", "etc/hosts", ""])
      expect((await one.run("netcheck-pod", ["file", web.uid, path])).code).toBe(64);
    expect((await one.run("netcheck-pod", ["file", "../../etc", "/etc/hosts"])).code).toBe(64);
  });

  test("netcheck-pod says that a pod is not on this node", async ({ one, expect }) => {
    expect((await one.run("netcheck-pod", ["file", randomUUID(), "/etc/hosts"])).code).toBe(125);
    expect((await one.run("netcheck-cgroup", [randomUUID()])).code).toBe(69);
  });
});
