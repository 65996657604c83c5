import type { SlackPort } from "../queue/slack-port.ts";
import type { Tracing } from "../tracing.ts";

/** Traces the calls that change something in Slack, beneath the message that they are for. */
export function tracedPort(port: SlackPort, { span }: Tracing): SlackPort {
  const traced =
    <A extends readonly unknown[], R>(call: keyof SlackPort, work: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      span(`slack ${call}`, { kind: "client" }, () => work(...args));
  return {
    ...port,
    post: traced("post", port.post),
    update: traced("update", port.update),
    find: traced("find", port.find),
    ticket: traced("ticket", port.ticket),
    upload: traced("upload", port.upload),
    share: traced("share", port.share),
  };
}
