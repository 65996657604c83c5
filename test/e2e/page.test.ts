import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { App } from "@slack/bolt";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LabSlack, startSlack } from "#lab/slack/server.ts";
import { desktop, openChromium, phone } from "#test/support/chromium.ts";
import { answerOnPage, running } from "#test/support/page-app.ts";
import { boltApp, connected } from "../lab/slack/bolt-app.ts";

const pageRoot = new URL("../../lab/slack/page", import.meta.url).pathname;
const oncall = "#/C0ONCALL";
let pageDir: string;
let slack: LabSlack;
let app: App;

beforeAll(async () => {
  pageDir = await mkdtemp(join(tmpdir(), "netcheck-page-"));
  // As a program of its own: inside the test runner, NODE_ENV would make it a development build.
  const vite = new URL("../../node_modules/vite/bin/vite.js", import.meta.url).pathname;
  const args = [vite, "build", pageRoot, "--outDir", pageDir, "--emptyOutDir", "--logLevel", "warn"];
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, NODE_ENV: "production" } });
});
afterAll(() => rm(pageDir, { recursive: true, force: true }));

beforeEach(async () => {
  slack = await startSlack({ pageDir });
  app = boltApp(slack);
  answerOnPage(app);
  await connected(slack, app);
});
afterEach(async () => {
  await app.stop();
  await slack.stop();
});

const composer = (page: Page) => page.getByRole("combobox", { name: /^Message/ });
const message = (page: Page, text: string | RegExp) => page.getByRole("article").filter({ hasText: text });
const thread = (page: Page) => page.getByRole("complementary", { name: "Thread" });

async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}

/** Horizontal scrolling of the page itself, in pixels; tables scroll within themselves. */
const overhang = (page: Page) => page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
const focused = (locator: Locator) => locator.and(locator.page().locator(":focus"));
const background = (page: Page) => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");

async function actAs(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: /Switch person/ }).click();
  await page.getByRole("menuitemradio", { name }).click();
}

test("a command is completed, sent and answered in a thread that fills while one looks", async ({ skip }) => {
  await using chromium = await openChromium({ skip });
  const page = await chromium.open(`${slack.url}/${oncall}`);
  await composer(page).pressSequentially("/net");
  await page.getByRole("option", { name: /netcheck.*Check the network/ }).waitFor();
  await composer(page).press("Tab");
  expect(await composer(page).inputValue()).toBe("/netcheck ");
  await page.getByText("pod1 pod2 10m | capture | status | cancel | schedule | compare | help").last().waitFor();
  await composer(page).pressSequentially("web-0 db-0 10m");
  await composer(page).press("Enter");

  await message(page, "Only visible to you").filter({ hasText: "Queued nc-1: web-0 db-0 10m" }).waitFor();
  await page.getByRole("link", { name: /3 replies/ }).click();
  await thread(page).getByRole("heading", { name: "Degraded: packets through node-2 are late" }).waitFor();
  await thread(page).getByText("02:01:12 UTC: latency rose.").waitFor();
  await thread(page).getByRole("button", { name: "Enlarge: Latency" }).waitFor();
  const picture = 'document.querySelector("aside .picture img")';
  expect(await page.evaluate<number>(`${picture}.decode().then(() => ${picture}.naturalWidth)`)).toBe(1080);
  await thread(page)
    .getByRole("cell", { name: /25 % of the packets/ })
    .waitFor();
  await thread(page).getByText("18 legs, 5 packets per second").waitFor({ state: "hidden" });
  await thread(page).getByText("Details", { exact: true }).click();
  await thread(page).getByText("18 legs, 5 packets per second").waitFor();

  const { ts = "" } = slack.state().messages["C0ONCALL"]?.find(({ blocks }) => blocks) ?? {};
  slack.message({
    channel: "C0ONCALL",
    user: "U0BOB",
    thread_ts: ts,
    text: "Looks like the *NIC* :eyes:, see 02:00–02:10",
  });
  await thread(page).getByText("Looks like the NIC 👀, see 02:00–02:10").waitFor();
  expect(chromium.troubles).toEqual([]);
});

test("text from a message is never run and never fetched", async ({ skip }) => {
  await using chromium = await openChromium({ skip });
  const page = await chromium.open(`${slack.url}/${oncall}`);
  await say(page, "/netcheck web-0 db-0 10m");
  await page.getByText("<script>document.title = 'owned'</script>").waitFor();
  slack.message({
    channel: "C0ONCALL",
    user: "U0BOB",
    text: '<img src=x onerror="document.title=1"> javascript:alert(1) </style><b>x',
  });
  await page.getByText('<img src=x onerror="document.title=1"> javascript:alert(1) </style><b>x').waitFor();
  expect(await page.title()).toMatch(/oncall/);
  expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
  expect(chromium.troubles).toEqual([]);
});

test("buttons, menus, feedback and confirmation dialogs reach the app", async ({ skip }) => {
  await using chromium = await openChromium({ skip });
  const page = await chromium.open(`${slack.url}/${oncall}`);
  await say(page, "/netcheck web-0 db-0 10m");
  await page.getByRole("link", { name: /3 replies/ }).click();
  const pane = thread(page);
  await pane.getByRole("button", { name: "Run Again" }).click();
  await pane.getByText("Running again for @Alice Okafor.").waitFor();
  await pane.getByRole("button", { name: "Right Cause" }).click();
  await pane.getByText("Thank you: right").waitFor();
  await pane.getByLabel("More actions").first().click();
  await page.getByRole("menuitem", { name: "Export JSON" }).click();
  await pane.getByText("Chosen: export").waitFor();

  await app.client.chat.postMessage({
    channel: "C0ONCALL",
    text: "Checking",
    blocks: running,
  });
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog", { name: "Stop the check?" }).getByRole("button", { name: "Keep On" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  expect(slack.log().filter(({ kind, name }) => kind === "delivery" && name === "interactive")).toHaveLength(3);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog", { name: "Stop the check?" }).getByRole("button", { name: "Stop" }).click();
  await message(page, "Stopped.").waitFor();
  expect(chromium.troubles).toEqual([]);
});

test("a modal shows what is wrong with its inputs and submits what was chosen", async ({ skip }) => {
  await using chromium = await openChromium({ skip });
  const page = await chromium.open(`${slack.url}/${oncall}`);
  await say(page, "/netcheck");
  const dialog = page.getByRole("dialog", { name: "New Check" });
  await dialog.waitFor();
  await focused(dialog.getByLabel("From")).waitFor();
  await dialog.getByLabel("From").fill("web-0");
  await dialog.getByLabel("To").fill("xx-0");
  await dialog.getByRole("button", { name: "Start Check" }).click();
  await dialog.getByRole("alert").filter({ hasText: "Please complete this required field." }).waitFor();
  await dialog.getByLabel("Ping only").check();
  await dialog.getByLabel("Capture packets").check();
  await dialog.getByLabel("Tell the channel").check();
  await dialog.getByLabel("How long").selectOption("1 minute");
  await dialog.getByRole("button", { name: "Start Check" }).click();
  await dialog.getByRole("alert").filter({ hasText: "There is no xx-0. Did you mean db-0?" }).waitFor();
  expect(await dialog.getByLabel("To").getAttribute("aria-invalid")).toBe("true");
  await dialog.getByLabel("To").fill("db-0");
  await dialog.getByLabel("To").press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await message(page, "@Alice Okafor asked for web-0 db-0 1m ping capture+tell 5").waitFor();

  const bobs = slack.message({ channel: "C0ONCALL", user: "U0BOB", text: "Alert: web-0 is slow" });
  const alert = page.locator(`[data-ts="${bobs.ts}"]`);
  await alert.hover();
  await alert.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: /Netcheck this alert/ }).click();
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(slack.state().views).toEqual({});
  expect(chromium.troubles).toEqual([]);
});

test("an ephemeral message is seen by its reader only, and a person from outside cannot use the command", async ({
  skip,
}) => {
  await using chromium = await openChromium({ skip });
  const [alice, bob] = [await chromium.open(`${slack.url}/${oncall}`), await chromium.open(`${slack.url}/${oncall}`)];
  await actAs(bob, "Bob Lindqvist");
  await say(alice, "/netcheck web-0 db-0 10m");
  await message(alice, "Queued nc-1").waitFor();
  await bob.getByRole("link", { name: /3 replies/ }).waitFor();
  expect(await message(bob, "Queued nc-1").count()).toBe(0);

  await actAs(bob, "Carol Reyes");
  await bob.getByRole("heading", { name: "customer-acme", exact: true }).waitFor();
  expect(await bob.getByRole("link", { name: "oncall" }).count()).toBe(0);
  await say(bob, "/netcheck web-0 db-0");
  await message(bob, "is not a valid command").waitFor();
  expect(await composer(bob).inputValue()).toBe("/netcheck web-0 db-0");
  await say(bob, "Hello @alice");
  await alice.getByRole("link", { name: /customer-acme.*1 unread/ }).click();
  await message(alice, "Hello @Alice Okafor").filter({ hasText: "OUTSIDE" }).waitFor();
  await alice.getByRole("link", { name: "customer-acme shared", exact: true }).waitFor();
  expect(chromium.troubles).toEqual([]);
});

test("failures and lost connections are said, and what was missed is caught up", async ({ skip }) => {
  await using chromium = await openChromium({ skip });
  const page = await chromium.open(`${slack.url}/${oncall}`);
  await composer(page).waitFor();
  await app.stop();
  await page.getByRole("status").filter({ hasText: "The app is not connected" }).waitFor();
  await say(page, "/netcheck web-0 db-0");
  await message(page, "dispatch_failed").waitFor();
  expect(await composer(page).inputValue()).toBe("/netcheck web-0 db-0");

  await slack.goOffline();
  await page.getByRole("status").filter({ hasText: "The connection to the lab Slack is lost" }).waitFor();
  await say(page, "Anybody there?");
  await page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
  await slack.goOnline();
  slack.message({ channel: "C0ONCALL", user: "U0BOB", text: "Back again" });
  await message(page, "Back again").waitFor();
  await page.getByText("The connection to the lab Slack is lost").waitFor({ state: "hidden" });
});

describe.each([
  { name: "a desktop", look: desktop },
  { name: "a phone", look: phone },
])("on $name", ({ look }) => {
  test("one finds the way to a thread and back, in light and dark, without sideways scrolling", async ({ skip }) => {
    await using chromium = await openChromium({ skip });
    await slack.command({ channel: "C0ONCALL", user: "U0ALICE", text: "/netcheck web-0 db-0 10m" });
    await slack.waitFor(({ text }) => text === "Checks");
    const page = await chromium.open(slack.url, look);
    await page.getByRole("link", { name: /^oncall/ }).click();
    await page.getByRole("heading", { name: "oncall", exact: true }).waitFor();
    await page.getByRole("heading", { name: /^Degraded/ }).waitFor();
    expect(await overhang(page)).toBe(0);
    await page.getByRole("link", { name: /3 replies/ }).click();
    await thread(page).getByText("latency rose").waitFor();
    expect(await overhang(page)).toBe(0);
    const channelShows = await page.getByRole("heading", { name: "oncall", exact: true }).isVisible();
    expect(channelShows).toBe(look === desktop);

    const light = await background(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(() => background(page)).not.toBe(light);
    await page.getByRole("link", { name: look === phone ? "Back to the channel" : "Close the thread" }).click();
    await thread(page).waitFor({ state: "hidden" });
    if (look === phone) await page.getByRole("link", { name: "Back to the list of channels" }).click();
    await page.getByRole("button", { name: "Theme: auto" }).click();
    await expect.poll(() => background(page)).toBe(light);
    await page.getByRole("button", { name: "Theme: light" }).click();
    await page.reload();
    await page.getByRole("button", { name: "Theme: dark" }).waitFor();

    await page.getByRole("link", { name: "netcheck", exact: true }).click();
    await page.getByRole("heading", { name: "Your checks" }).waitFor();
    expect(await overhang(page)).toBe(0);
    expect(chromium.troubles).toEqual([]);
  });
});

test("the keyboard alone is enough to send a command, open its thread and enlarge a picture", async ({ skip }) => {
  await using chromium = await openChromium({ skip });
  const page = await chromium.open(`${slack.url}/${oncall}`);
  await say(page, "/netcheck web-0 db-0 10m");
  const link = page.getByRole("link", { name: /3 replies/ });
  await link.waitFor();
  for (let presses = 0; presses < 40 && !(await focused(link).isVisible()); presses++)
    await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  const enlarge = thread(page).getByRole("button", { name: /^Enlarge/ });
  await enlarge.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Latency" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await focused(enlarge).waitFor();
  expect(chromium.troubles).toEqual([]);
});
