import type { Metrics } from "../metrics.ts";
import { SlackCallError, type SlackPort } from "../queue/slack-port.ts";

/** Counts the calls that change something in Slack: `done`, or how they failed (`CallFailure`; all but `definite` are repeated). */
export function countedPort(port: SlackPort, { slackCalls }: Metrics): SlackPort {
  const counted =
    <A extends readonly unknown[], R>(call: keyof SlackPort, work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        const result = await work(...args);
        slackCalls.inc({ call, outcome: "done" });
        return result;
      } catch (error) {
        slackCalls.inc({ call, outcome: error instanceof SlackCallError ? error.failure : "internal" });
        throw error;
      }
    };
  return {
    ...port,
    post: counted("post", port.post),
    update: counted("update", port.update),
    ticket: counted("ticket", port.ticket),
    upload: counted("upload", port.upload),
    share: counted("share", port.share),
  };
}
