import { describe, expect, test } from "vitest";
import { captureFilter, checkedFilter } from "#src/core/capture-filter.ts";

// That the filters keep what they should is tested with tcpdump: test/integration/capture-filter.test.ts.

describe("a user's filter", () => {
  test.each([
    ["tcp port 80", "tcp port 80"],
    ["  udp and (port 53 or port 5353)  ", "udp and (port 53 or port 5353)"],
    ["tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0"],
    ["ip proto \\icmp", "ip proto \\icmp"],
  ])("%s is taken", (user, taken) => {
    expect(checkedFilter(user)).toBe(taken);
  });

  test.each<[string, string]>([
    ["", "The filter is empty."],
    ["  \t ", "The filter is empty."],
    ["-w /etc/passwd", "-w looks like an option, which a filter cannot have."],
    ["tcp -z sh", "-z looks like an option, which a filter cannot have."],
    ["tcp and (-i any)", "-i looks like an option, which a filter cannot have."],
    ["tcp --", "-- looks like an option, which a filter cannot have."],
    ["tcp\nudp", "A filter is one line of plain characters without quotes; it has U+000A."],
    ["tcp\rudp", "A filter is one line of plain characters without quotes; it has U+000D."],
    ["tcp\tudp", "A filter is one line of plain characters without quotes; it has U+0009."],
    ["tcp\0", "A filter is one line of plain characters without quotes; it has U+0000."],
    ["tcp\u001fudp", "A filter is one line of plain characters without quotes; it has U+001F."],
    ["host ‘x’", "A filter is one line of plain characters without quotes; it has U+2018."],
    ["host 😀", "A filter is one line of plain characters without quotes; it has U+1F600."],
    ["host 'x'", "A filter is one line of plain characters without quotes; it has '."],
    ['tcp" or "udp', 'A filter is one line of plain characters without quotes; it has ".'],
    ["host `id`", "A filter is one line of plain characters without quotes; it has `."],
    ["tcp) or (udp", "The brackets of the filter do not match."],
    ["(tcp", "The brackets of the filter do not match."],
    ["tcp)", "The brackets of the filter do not match."],
  ])("%j is refused", (user, words) => {
    const ends = { from: ["10.0.0.1"], to: ["10.0.0.2"], kind: "pod", tunnelPorts: [] } as const;
    for (const use of [() => checkedFilter(user), () => captureFilter({ ...ends, user })])
      expect(use).toThrow(expect.objectContaining({ code: "bad-command", message: words }));
  });

  test("has at most 1,000 characters", () => {
    expect(checkedFilter("x".repeat(1_000))).toHaveLength(1_000);
    expect(() => checkedFilter("x".repeat(1_001))).toThrow("1,001 characters; at most 1,000");
    expect(() => checkedFilter("x".repeat(5_000))).toThrow("5,000 characters");
  });
});

test.each([
  [[], ["10.0.0.1"]],
  [["10.0.0.1"], []],
  [["10.0.0.1 or tcp"], ["10.0.0.2"]],
  [["10.0.0.256"], ["10.0.0.2"]],
  [["fd00::1%eth0"], ["fd00::2"]],
  [["::1::2"], ["fd00::2"]],
])("ends %j and %j are no addresses to filter by", (from, to) => {
  expect(() => captureFilter({ from, to, kind: "nic", tunnelPorts: [] })).toThrow(TypeError);
});

test.each([
  ["::", ["0x00000000", "0x00000000", "0x00000000", "0x00000000"]],
  ["fd00:1::2", ["0xfd000001", "0x00000000", "0x00000000", "0x00000002"]],
  ["1:2:3:4:5:6:7:8", ["0x00010002", "0x00030004", "0x00050006", "0x00070008"]],
  ["1::", ["0x00010000", "0x00000000", "0x00000000", "0x00000000"]],
  ["::ffff:10.1.2.3", ["0x00000000", "0x00000000", "0x0000ffff", "0x0a010203"]],
])("the words of %s are compared", (address, words) => {
  const filter = captureFilter({ from: [address], to: [address], kind: "pod", tunnelPorts: [] });
  for (const [n, word] of words.entries()) expect(filter).toContain(`ip6[${8 + 4 * n}:4] = ${word}`);
});
