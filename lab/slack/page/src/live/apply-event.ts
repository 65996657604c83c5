import type { FileObject, LabEvent, LabState, Message } from "#lab/slack/protocol.ts";

/** The state after an event. Applying one twice, or one that the state already holds, changes nothing. */
export function applyEvent(state: LabState, event: LabEvent): LabState {
  switch (event.type) {
    case "message":
    case "message_changed":
    case "ephemeral":
    case "reaction":
      return withMessages(state, event.channel, (messages) => put(messages, event.message));
    case "message_deleted":
      return withMessages(state, event.channel, (messages) => messages.filter((message) => message.ts !== event.ts));
    case "file":
      return withFile(state, event.file);
    case "view": {
      const open = state.views[event.user] ?? [];
      const known = open.some((view) => view.id === event.view.id);
      // One that lies on no other was opened afresh: whatever was open before is gone.
      const pile = event.view.previous_view_id === null ? [] : open;
      const next = known ? open.map((view) => (view.id === event.view.id ? event.view : view)) : [...pile, event.view];
      return { ...state, views: { ...state.views, [event.user]: next } };
    }
    case "view_closed": {
      const open = (state.views[event.user] ?? []).filter((view) => view.id !== event.view_id);
      return { ...state, views: { ...state.views, [event.user]: open } };
    }
    case "channel": {
      const others = state.channels.filter((channel) => channel.id !== event.channel.id);
      const known = others.length < state.channels.length;
      const channels = known
        ? state.channels.map((channel) => (channel.id === event.channel.id ? event.channel : channel))
        : [...others, event.channel];
      return { ...state, channels };
    }
    case "home":
      return { ...state, home: { ...state.home, [event.user]: event.view } };
    case "connections":
      return { ...state, connections: event.connections };
    default:
      return state;
  }
}

function withMessages(
  state: LabState,
  channel: string,
  change: (messages: readonly Message[]) => readonly Message[],
): LabState {
  return { ...state, messages: { ...state.messages, [channel]: change(state.messages[channel] ?? []) } };
}

/** Replaces the message with this ts, or puts it where its ts belongs, which is nearly always the end. */
function put(messages: readonly Message[], message: Message): readonly Message[] {
  const at = messages.findLastIndex((other) => other.ts <= message.ts);
  const replace = messages[at]?.ts === message.ts ? 1 : 0;
  return messages.toSpliced(replace ? at : at + 1, replace, message);
}

function withFile(state: LabState, file: FileObject): LabState {
  const holds = (message: Message) => message.files?.some((other) => other.id === file.id) ?? false;
  const change = (message: Message): Message =>
    holds(message)
      ? { ...message, files: message.files?.map((other) => (other.id === file.id ? file : other)) ?? [] }
      : message;
  const messages = Object.entries(state.messages).map(([id, list]) => [id, list.some(holds) ? list.map(change) : list]);
  return { ...state, messages: Object.fromEntries(messages) };
}
