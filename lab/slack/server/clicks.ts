import type { ActionRequest, Block, Delivery, Json, Message, SubmitResult, View, ViewValues } from "../protocol.ts";
import { checkedView } from "./api/content.ts";
import { tellApp } from "./app-events.ts";
import type { Ack } from "./delivery.ts";
import { ApiError, LabError } from "./errors.ts";
import type { Lab } from "./lab.ts";
import { findMessage } from "./messages.ts";
import {
  closedPayload,
  messageActionPayload,
  shortcutPayload,
  submissionPayload,
  viewActionPayload,
} from "./payloads.ts";
import { directMessageOf, personIn } from "./people.ts";
import { chosenIn, elementsOf, fullOption, inputErrors } from "./view-state.ts";
import { closeView, keepValues, pushView, replaceView, viewById, withApp } from "./views.ts";
import { isOutsider, nextTs, record, userOf } from "./world.ts";

const bare = ({ body: _, ...delivery }: Ack): Delivery => delivery;
const undelivered: Delivery = { delivered: false };

/** Routing fields of a request; everything else is what the element yields. */
const ROUTING = ["user", "channel", "message_ts", "view_id", "confirm", "values", "stale"];

function actionOf(blocks: readonly Block[], request: ActionRequest): Json {
  const given = Object.fromEntries(Object.entries(request).filter(([key]) => !ROUTING.includes(key)));
  const places = blocks.flatMap((block) => elementsOf(block).map((element) => ({ block, element })));
  const found = places.find(
    ({ block, element }) =>
      element.action_id === request.action_id && (!request.block_id || request.block_id === block.block_id),
  );
  if (!found) {
    if (request.stale) return { type: "button", ...given };
    throw new LabError(`There is no control ${request.block_id ?? ""}/${request.action_id} to use.`, { status: 404 });
  }
  const { block, element } = found;
  const { type, action_id } = element;
  const text = element["text"];
  const own = { type, block_id: block.block_id, action_id, ...(text !== undefined && { text }) };
  if (type === "button" || type === "icon_button") return { ...own, ...only(element, ["value", "url", "icon"]) };
  if (type === "feedback_buttons") {
    const pressed = [element["positive_button"], element["negative_button"]].find(
      (button) => (button as Json | undefined)?.["value"] === request.value,
    );
    if (!pressed) throw new LabError("Say which one by its value.");
    return { ...own, ...only(pressed as Json, ["text", "value"]) };
  }
  if (type === "overflow") return { ...own, selected_option: fullOption(element, request.selected_option) };
  return { ...own, ...only(element, ["placeholder"]), ...chosenIn(element, given) };
}

const only = (from: Json, keys: readonly string[]): Json =>
  Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));

/** A person uses a control: on a message, in a modal or on the Home tab. */
export async function pressControl(lab: Lab, request: ActionRequest): Promise<Delivery> {
  if (request.confirm === false) return undelivered;
  return request.view_id ? inView(lab, request, request.view_id) : onMessage(lab, request);
}

async function onMessage(lab: Lab, request: ActionRequest): Promise<Delivery> {
  const { user, channel } = personIn(lab, request.user, request.channel ?? "");
  const message = findMessage(lab.world, channel.id, request.message_ts);
  if (!message || (message.ephemeral_for && message.ephemeral_for !== user.id))
    throw new LabError("There is no such message.", { status: 404 });
  const action = actionOf(message.blocks ?? [], request);
  return bare(
    await lab.delivery.deliver("interactive", messageActionPayload(lab, { user, action }, channel, message), false),
  );
}

async function inView(lab: Lab, request: ActionRequest, viewId: string): Promise<Delivery> {
  const { user, view } = viewOf(lab, request.user, viewId);
  const action = actionOf(view.blocks, request);
  const blockId = String(action["block_id"]);
  const values = { ...request.values, [blockId]: { ...request.values?.[blockId], [request.action_id]: action } };
  const kept = keepValues(lab.world, user.id, view, values);
  return bare(await lab.delivery.deliver("interactive", viewActionPayload(lab, { user, action }, kept), false));
}

function viewOf(lab: Lab, userId: string, viewId: string) {
  const user = userOf(lab.world, userId);
  const found = viewById(lab.world, viewId);
  if (!found || found.user !== user.id) throw new LabError("That view is not open.", { status: 404 });
  return { user, view: found.view };
}

type SubmitRequest = { readonly user: string; readonly view_id: string; readonly values: ViewValues };

/**
 * A person presses the submit button. Empty required inputs never leave the client; an outside user's submission is
 * refused by Slack when only the home workspace has the app.
 */
export async function submitView(lab: Lab, { user: userId, view_id, values }: SubmitRequest): Promise<SubmitResult> {
  const { user, view } = viewOf(lab, userId, view_id);
  const filled = keepValues(lab.world, user.id, view, values);
  const errors = inputErrors(filled.blocks, filled.state.values);
  if (Object.keys(errors).length > 0) return { delivered: false, errors };
  if (isOutsider(lab.world, user)) return { ...undelivered, failed: "dispatch_failed", notice: TROUBLE };
  const ack = await lab.delivery.deliver("interactive", submissionPayload(lab, user, filled), true);
  if (ack.failed) return { ...bare(ack), notice: TROUBLE };
  return { ...bare(ack), ...settle(lab, user.id, filled, ack.body) };
}

const TROUBLE = "We had some trouble connecting. Try again?";

/** Does what the acknowledgement asks for: show errors, replace, push, clear; without a wish the view closes. */
function settle(lab: Lab, user: string, view: View, body: unknown): Omit<SubmitResult, "delivered"> {
  const wish = typeof body === "object" && body !== null ? (body as Json) : {};
  const still = viewById(lab.world, view.id)?.view;
  if (!still) return {};
  try {
    switch (wish["response_action"]) {
      case "errors":
        return { response_action: "errors", errors: wish["errors"] as Record<string, string> };
      case "update":
        replaceView(lab.world, user, still, checkedView(lab.world, wish["view"]));
        return { response_action: "update" };
      case "push":
        if (!pushView(lab.world, user, checkedView(lab.world, wish["view"]))) throw new ApiError("push_limit_reached");
        return { response_action: "push" };
      case "clear":
        closeView(lab.world, user, still, { clear: true });
        return { response_action: "clear" };
      default:
        closeView(lab.world, user, still, { clear: false });
        return {};
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    record(lab.world, { kind: "ack", name: "view_submission", ok: false, error: error.error });
    return { failed: "dispatch_failed", notice: TROUBLE };
  }
}

/** A person closes a modal; the app hears of it when it asked to. */
export async function dismissView(
  lab: Lab,
  { user: userId, view_id, clear = false }: { user: string; view_id: string; clear?: boolean | undefined },
): Promise<Delivery> {
  const { user, view } = viewOf(lab, userId, view_id);
  const all = clear || view.clear_on_close;
  closeView(lab.world, user.id, view, { clear: all });
  if (!view.notify_on_close) return undelivered;
  return bare(await lab.delivery.deliver("interactive", closedPayload(lab, user, view, all), false));
}

type ShortcutRequest = {
  readonly user: string;
  readonly callback_id: string;
  readonly channel?: string | undefined;
  readonly message_ts?: string | undefined;
};

/** A person picks a shortcut of the app, from a message's menu or from the composer. */
export async function pickShortcut(lab: Lab, request: ShortcutRequest): Promise<Delivery> {
  const shortcut = lab.world.manifest.features.shortcuts.find(({ callback_id }) => callback_id === request.callback_id);
  if (!shortcut) throw new LabError(`The app has no shortcut ${request.callback_id}.`, { status: 404 });
  const user = userOf(lab.world, request.user);
  const on = shortcut.type === "message" ? messageAt(lab, request) : undefined;
  const payload = shortcutPayload(lab, user, shortcut.callback_id, on);
  return bare(await lab.delivery.deliver("interactive", payload, false));
}

function messageAt(lab: Lab, { user, channel: channelId, message_ts }: ShortcutRequest) {
  const { channel } = personIn(lab, user, channelId ?? "");
  const message: Message | undefined = findMessage(lab.world, channel.id, message_ts);
  if (!message || message.ephemeral_for) throw new LabError("There is no such message.", { status: 404 });
  return { channel, message };
}

/** A person opens the app's Home tab. */
export function openHome(lab: Lab, { user: id }: { user: string }): { readonly delivered: boolean } {
  const user = userOf(lab.world, id);
  const view = lab.world.home.get(user.id);
  const delivered = tellApp(lab, "app_home_opened", {
    type: "app_home_opened",
    user: user.id,
    channel: directMessageOf(lab, user).id,
    tab: "home",
    event_ts: nextTs(lab.world),
    ...(view && { view: withApp(lab.world, view) }),
  });
  return { delivered };
}
