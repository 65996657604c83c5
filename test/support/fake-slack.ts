import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Record<string, unknown>;
export type SlackCall = { readonly method: string; readonly args: Json };

/**
 * Slack's Web API for one workspace T0HOME, as far as the bot looks things up and answers. Every call is recorded; a
 * method that is not scripted answers unknown_method. Calls outside /api/ are taken as uses of a response_url.
 */
export async function fakeSlack(scripted: Record<string, (args: Json) => Json> = {}) {
  const calls: SlackCall[] = [];
  const methods: Record<string, (args: Json) => Json> = {
    "auth.test": () => ({ team_id: "T0HOME", bot_id: "B0BOT", user_id: "U0BOT", user: "netcheck" }),
    "users.info": ({ user }) => ({ user: { id: user, team_id: String(user).startsWith("U9") ? "T9OTHER" : "T0HOME" } }),
    "conversations.info": ({ channel }) => ({
      channel: { id: channel, is_member: channel !== "C0ALIEN", is_ext_shared: channel === "C0SHARED" },
    }),
    "chat.postEphemeral": () => ({ message_ts: "1.2" }),
    "chat.postMessage": () => ({ ts: "1.3" }),
    "reactions.add": () => ({}),
    "reactions.remove": () => ({}),
    "views.open": () => ({ view: { id: "V1" } }),
    "views.publish": () => ({}),
    response_url: () => ({}),
    ...scripted,
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const method = request.url?.startsWith("/api/") ? request.url.slice(5) : "response_url";
    const args: Json = request.headers["content-type"]?.includes("json")
      ? JSON.parse(body)
      : Object.fromEntries(
          Array.from(new URLSearchParams(body), ([key, value]) => [
            key,
            /^[[{]/.test(value) ? JSON.parse(value) : value,
          ]),
        );
    calls.push({ method, args });
    const answer = methods[method]?.(args) ?? { ok: false, error: "unknown_method" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ ok: true, ...answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    apiUrl: `${url}/api/`,
    responseUrl: `${url}/response/1`,
    calls,
    /** Arguments of the calls of one method, in order. */
    of: (method: string) => calls.filter((call) => call.method === method).map(({ args }) => args),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type FakeSlack = Awaited<ReturnType<typeof fakeSlack>>;
