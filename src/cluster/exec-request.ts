import { ExecError } from "./exec-error.ts";

/** Where a command runs and what it is. Nothing of it passes a shell: `command` is an argv array. */
export type ExecRequest = {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
};

/** RFC 1123: labels for namespaces and containers, a subdomain for pods. */
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * The WebSocket URL of an exec. Names are checked and encoded, the base path of the server is kept, `command` is repeated
 * for every argument. Throws ExecError `http` 404 for a name that no object can have: nothing is sent then.
 */
export function execUrl(server: string, request: ExecRequest, { stdin }: { readonly stdin: boolean }): URL {
  const { namespace, pod, container, command } = request;
  for (const [what, name, pattern] of [
    ["namespace", namespace, label],
    ["pod", pod, subdomain],
    ["container", container, label],
  ] as const)
    if (!pattern.test(name))
      throw new ExecError("http", `There can be no ${what} ${JSON.stringify(name)}.`, { code: 404 });
  if (command.length === 0) throw new ExecError("api", "An exec needs a command.");

  const url = new URL(server);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  const base = url.pathname.replace(/\/+$/, "");
  url.pathname = `${base}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec`;
  for (const argument of command) url.searchParams.append("command", argument);
  url.searchParams.set("container", container);
  url.searchParams.set("stdin", String(stdin));
  url.searchParams.set("stdout", "true");
  url.searchParams.set("stderr", "true");
  url.searchParams.set("tty", "false");
  return url;
}
