import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe } from "vitest";
import { shells } from "#test/support/agent-shell.ts";
import { allEnded, CHECK, under } from "#test/support/agent-test.ts";

describe.concurrent.each(shells)("what netcheck-task is given, under %s", (shell) => {
  const test = under(shell);

  test("arguments reach the command as they are", async ({ one, expect }) => {
    const words = ["$(touch pwned)", "`id`", "a b", "*", "", "\\n", "'\"", "-n", "ü ✓", "--task", "--end", "%s"];
    await one.start(CHECK, [{ id: "a", argv: ["printf", "<%s>", ...words] }]);
    await allEnded({ one, expect }, "a");
    expect((await one.sync(CHECK, { a: 0 })).tasks[0]?.bytes.toString()).toBe(
      words.map((word) => `<${word}>`).join(""),
    );
  });

  test("the words of a start may come on the input; a cut one starts nothing", async ({ one, expect }) => {
    const US = "\u001f";
    const input = [
      "--task",
      "a",
      "node",
      "1000",
      "3",
      "printf",
      "<%s>",
      "",
      "--task",
      "b",
      "node",
      "9",
      "1",
      "true",
      "--end",
    ].join(US);
    const start = (text: string, length = input.length) =>
      one.run("netcheck-task", ["start", CHECK, "60", "1", `${Date.now() + 9_000}`, "1", "--stdin", `${length}`], text);
    for (const cut of [0, 1, 20, input.length - 1]) {
      expect((await start(input.slice(0, cut))).code).toBe(75);
      expect(existsSync(join(one.state, CHECK))).toBe(false);
    }
    expect((await start(input)).code).toBe(0);
    await allEnded({ one, expect }, "a", "b");
    expect((await one.sync(CHECK, { a: 0 })).tasks[0]?.bytes.toString()).toBe("<>");
  });

  const window = ["60", "1", "99999999999999", "1"];
  test.for<[string, string[]]>([
    ["an unknown verb", ["destroy", CHECK]],
    ["no verb", []],
    ["a check id with a path", ["rm", "nc-../../etc"]],
    ["a check id that is a path", ["rm", "../x"]],
    ["a check id in capitals", ["rm", "nc-ABCD"]],
    ["an empty check id", ["rm", ""]],
    ["a check id that is too long", ["sync", "nc-aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1"]],
    ["a check id with a newline", ["rm", "nc-aaaa\n/etc"]],
    ["a task id with a path", ["sync", CHECK, "100", "../../x", "0"]],
    ["a task id with a slash", ["stop", CHECK, "a/b"]],
    ["a task id with a dot", ["sync", CHECK, "100", ".lease", "0"]],
    ["a task id with a glob", ["stop", CHECK, "*"]],
    ["an offset that is none", ["sync", CHECK, "100", "a", "0;id"]],
    ["a byte limit that is none", ["sync", CHECK, "-1", "a", "0"]],
    ["hours that are none", ["gc", "1 -o -true"]],
    ["a start without a window", ["start", CHECK, "60"]],
    ["a window that ends before it starts", ["start", CHECK, "60", "5", "4", "1"]],
    ["a start with a bad task id", ["start", CHECK, ...window, "--task", "../x", "node", "100", "1", "id"]],
    ["a start with a bad netns", ["start", CHECK, ...window, "--task", "a", "/proc/1/ns", "100", "1", "id"]],
    [
      "a start with a UID that is a pattern",
      ["start", CHECK, ...window, "--task", "a", ".*........", "100", "1", "id"],
    ],
    ["a start with too few arguments", ["start", CHECK, ...window, "--task", "a", "node", "100", "3", "id"]],
    ["a start with a newline in an argument", ["start", CHECK, ...window, "--task", "a", "node", "100", "1", "id\nid"]],
    ["a start with arithmetic for a number", ["start", CHECK, "a[$(id)]", "1", "2", "1"]],
  ])("%s is refused with exit code 64, and nothing is made", async ([, words], { one, expect }) => {
    const { code, stderr, stdout } = await one.task(...words);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(/^netcheck-task: /);
    expect(existsSync(one.state)).toBe(false);
  });

  test("the state is nobody else's to read", async ({ one, expect }) => {
    await one.start(CHECK, [{ id: "a", argv: ["true"] }]);
    expect(statSync(one.state).mode & 0o077).toBe(0);
    expect(statSync(join(one.state, CHECK)).mode & 0o077).toBe(0);
  });
});
