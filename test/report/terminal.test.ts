import { expect, test } from "vitest";
import { fetchCommand } from "#src/report/files.ts";
import { renderHtml } from "#src/report/page.ts";
import { renderText } from "#src/report/terminal.ts";
import { wordings } from "#src/report/words.ts";
import { reports } from "#test/support/sample-reports.ts";

test.each(["healthy", "periodic", "loss", "captured", "dead", "nothing"] as const)(
  "the %s report reads well in a terminal",
  async (name) => {
    await expect(renderText(reports[name])).toMatchFileSnapshot(`golden/${name}.txt`);
  },
);

test.each(Object.keys(reports) as (keyof typeof reports)[])(
  "the %s report stays within 80 columns but for commands and long words",
  (name) => {
    if (name === "hostile") return;
    const long = renderText(reports[name], { columns: 80 })
      .split("\n")
      .filter((line) => line.length > 80 && !line.includes("$ "));
    expect(long).toEqual([]);
  },
);

test("colour changes nothing but colour", () => {
  const coloured = renderText(reports.loss, { colour: true });
  expect(coloured).toContain("\u001b[33m");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(renderText(reports.loss));
});

test("text from a cluster cannot move the cursor", () => {
  expect(renderText(reports.hostile)).not.toContain("\u001b");
});

test("terminal and page say how to fetch the files of a capture", () => {
  const commands = reports.captured.files.map(fetchCommand);
  expect(commands.length).toBe(2);
  for (const command of commands) {
    expect(renderText(reports.captured)).toContain(command);
    expect(renderHtml(reports.captured)).toContain(`<pre>${command}</pre>`);
  }
});

test("Chinese words frame the same numbers", () => {
  expect(renderText(reports.periodic, { wording: wordings.zh })).toContain("质量下降：NIC delays one packet in 4");
});

test.each(Object.keys(reports) as (keyof typeof reports)[])(
  "the page of the %s report needs nothing from elsewhere and runs nothing",
  (name) => {
    const page = renderHtml(reports[name], {
      charts: [{ dataUri: "data:image/png;base64,AAAA", alt: 'p50 "0.5" ms' }],
    });
    expect(page).toContain('alt="p50 &quot;0.5&quot; ms"');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|<a |src="(?!data:)|href=|<https?:|url\(/);
    const tags = new Set(Array.from(page.matchAll(/<\/?([a-z][a-z0-9]*)/g), ([, tag]) => tag));
    expect(
      [...tags].every((tag) =>
        /^(html|head|meta|title|style|body|main|header|section|h[123]|p|strong|dl|dt|dd|img|ul|li|pre|table|thead|tbody|tr|th|td)$/.test(
          tag ?? "",
        ),
      ),
    ).toBe(true);
  },
);
