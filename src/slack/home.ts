import type { App } from "@slack/bolt";
import { commands } from "../commands/index.ts";
import { drawHelp, drawRunningList } from "../report/answers.ts";
import type { Desk } from "./desk.ts";

/** The Home tab: what is running now, and how to ask. Drawn anew whenever somebody opens it. */
export function listenToHome(app: App, desk: Desk): void {
  const { checks, client, command, log } = desk;
  app.event("app_home_opened", async ({ event }) => {
    const wording = await desk.wordingAt(undefined);
    if (event.tab !== "home" || (await desk.refusal(event.user, wording)) !== undefined) return;
    const help = drawHelp(commands, { command, detailed: false, wording });
    const running = await checks.list().then(
      (all) => drawRunningList(all, Date.now(), wording).blocks,
      () => [],
    );
    await client.views
      .publish({ user_id: event.user, view: { type: "home", blocks: [...running, ...help.blocks] as never } })
      .catch((err: unknown) => log.warn({ err }, "home could not be drawn"));
  });
}
