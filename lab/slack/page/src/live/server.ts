import type {
  ActionRequest,
  CommandResult,
  Delivery,
  LabState,
  MessageResult,
  SubmitResult,
  ViewValues,
} from "#lab/slack/protocol.ts";

/** The lab Slack did not do what was asked, or could not be reached; the message is for the reader. */
class ServerError extends Error {}

async function answerOf<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const said =
      typeof body === "object" && body !== null && "error" in body ? String(body.error) : response.statusText;
    throw new ServerError(`The lab Slack refused: ${said}`);
  }
  return body as T;
}

async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new ServerError("The lab Slack cannot be reached.");
  });
  return answerOf<T>(response);
}

/** Everything the page asks of the lab Slack. Each rejects with a ServerError. */
export const server = {
  state: async (signal: AbortSignal): Promise<LabState> => answerOf<LabState>(await fetch("/lab/state", { signal })),

  message: (input: { channel: string; user: string; text: string; thread_ts?: string }) =>
    post<MessageResult>("/lab/message", input),

  command: (input: { channel: string; user: string; text: string; thread_ts?: string }) =>
    post<CommandResult>("/lab/command", input),

  action: (input: ActionRequest) => post<Delivery>("/lab/action", input),

  submitView: (input: { user: string; view_id: string; values: ViewValues }) =>
    post<SubmitResult>("/lab/view/submit", input),

  closeView: (input: { user: string; view_id: string }) => post<Delivery>("/lab/view/close", input),

  shortcut: (input: { user: string; callback_id: string; channel?: string; message_ts?: string }) =>
    post<Delivery>("/lab/shortcut", input),

  openHome: (input: { user: string }) => post<Pick<Delivery, "delivered">>("/lab/home/open", input),
};
