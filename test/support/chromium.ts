import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** How long a test waits for something to show; the page itself needs milliseconds. */
const PATIENCE_MS = 15_000;

/** Nothing but the page under test: no GPU, no background traffic, no first-run dialogs. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export type Look = {
  readonly width: number;
  readonly height: number;
  readonly colorScheme?: "light" | "dark";
};

export const desktop: Look = { width: 1280, height: 800 };
export const phone: Look = { width: 390, height: 844 };

/** A real browser with an empty profile; both are gone when it is disposed of. */
export type Chromium = AsyncDisposable & {
  /** A new window; each has its own sessionStorage. */
  readonly open: (url: string, look?: Look) => Promise<Page>;
  /** Errors on the console, uncaught exceptions, and requests that left 127.0.0.1, of all windows so far. */
  readonly troubles: readonly string[];
};

/** Starts Chromium, or skips the test and says why when there is none on this machine. */
export async function openChromium({ skip }: { skip: (note: string) => unknown }): Promise<Chromium> {
  if (!existsSync(CHROMIUM)) skip(`there is no ${CHROMIUM}; install Debian's chromium or set CHROMIUM`);
  const profile = await mkdtemp(join(tmpdir(), "netcheck-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: FLAGS,
    viewport: desktop,
    timezoneId: "UTC",
  });
  const troubles: string[] = [];
  context.setDefaultTimeout(PATIENCE_MS);
  watch(context, troubles);
  return {
    troubles,
    open: async (url, look = desktop) => {
      const page = await context.newPage();
      await page.setViewportSize(look);
      await page.emulateMedia({ colorScheme: look.colorScheme ?? "light" });
      await page.goto(url);
      return page;
    },
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function watch(context: BrowserContext, troubles: string[]): void {
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") troubles.push(`console: ${message.text()}`);
  });
  context.on("weberror", (error) => troubles.push(`uncaught: ${error.error().message}`));
  context.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== "data:" && hostname !== "127.0.0.1") troubles.push(`left the machine: ${request.url()}`);
  });
}
