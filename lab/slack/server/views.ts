import { randomBytes } from "node:crypto";
import type { Block, Json, View, ViewValues } from "../protocol.ts";
import { botAuthor, withIds } from "./messages.ts";
import { stateOf } from "./view-state.ts";
import { APP_ID } from "./workspace.ts";
import { emit, newId, type World } from "./world.ts";

/** Modals that may lie on each other. */
const STACK = 3;

/** What an app gives to views.*; the rest of a view is Slack's. */
export type ViewInput = {
  readonly type: "modal" | "home";
  readonly blocks: readonly Block[];
  readonly title?: Json | undefined;
  readonly submit?: Json | undefined;
  readonly close?: Json | undefined;
  readonly callback_id?: string | undefined;
  readonly private_metadata?: string | undefined;
  readonly external_id?: string | undefined;
  readonly clear_on_close?: boolean | undefined;
  readonly notify_on_close?: boolean | undefined;
};

/** Fields of a view that payloads and answers carry besides those people see. */
export const withApp = (world: World, view: View): Json => ({
  ...view,
  team_id: world.team.id,
  app_id: APP_ID,
  app_installed_team_id: world.team.id,
  bot_id: botAuthor(world).bot_id,
});

const newHash = (world: World): string =>
  `${Math.floor(world.clock.nowMs() / 1_000)}.${randomBytes(4).toString("hex")}`;

function build(
  world: World,
  input: ViewInput,
  id: string,
  chain: Pick<View, "root_view_id" | "previous_view_id">,
): View {
  const { blocks, title, submit, close, callback_id, private_metadata, external_id, type } = input;
  const named = withIds(blocks);
  return {
    id,
    type,
    ...(title && { title }),
    ...(submit && { submit }),
    ...(close && { close }),
    blocks: named,
    callback_id: callback_id ?? "",
    private_metadata: private_metadata ?? "",
    external_id: external_id ?? "",
    hash: newHash(world),
    state: { values: stateOf(named, {}) },
    clear_on_close: input.clear_on_close ?? false,
    notify_on_close: input.notify_on_close ?? false,
    ...chain,
  };
}

const stackOf = (world: World, user: string): readonly View[] => world.views.get(user) ?? [];

/** A view on its own; one that was open before is gone. */
export function openView(world: World, user: string, input: ViewInput): Json {
  const id = newId("V");
  const view = build(world, input, id, { root_view_id: id, previous_view_id: null });
  world.views.set(user, [view]);
  emit(world, { type: "view", user, view });
  return withApp(world, view);
}

/** A view on top of the open ones; undefined when the pile is full. */
export function pushView(world: World, user: string, input: ViewInput): Json | undefined {
  const stack = stackOf(world, user);
  const [root] = stack;
  const top = stack.at(-1);
  if (!root || !top || stack.length >= STACK) return undefined;
  const view = build(world, input, newId("V"), { root_view_id: root.id, previous_view_id: top.id });
  world.views.set(user, [...stack, view]);
  emit(world, { type: "view", user, view });
  return withApp(world, view);
}

/** Finds an open modal, or a Home tab, by its id or the app's own id. */
export function viewById(world: World, id?: string, externalId?: string): { user: string; view: View } | undefined {
  const open = [
    ...[...world.views].flatMap(([user, views]) => views.map((view) => ({ user, view }))),
    ...[...world.home].map(([user, view]) => ({ user, view })),
  ];
  return open.find(({ view }) => (id ? view.id === id : externalId && view.external_id === externalId));
}

function store(world: World, user: string, view: View): void {
  if (view.type === "home") world.home.set(user, view);
  else
    world.views.set(
      user,
      stackOf(world, user).map((open) => (open.id === view.id ? view : open)),
    );
  emit(world, view.type === "home" ? { type: "home", user, view } : { type: "view", user, view });
}

/** Puts new content into an open view. What people filled in stays where the block and action ids stay. */
export function replaceView(world: World, user: string, known: View, input: ViewInput): Json {
  const { root_view_id, previous_view_id } = known;
  const fresh = build(world, input, known.id, { root_view_id, previous_view_id });
  const view = { ...fresh, state: { values: stateOf(fresh.blocks, known.state.values) } };
  store(world, user, view);
  return withApp(world, view);
}

/** Keeps what somebody has filled in, without a new hash: content is the app's, state is the person's. */
export function keepValues(world: World, user: string, view: View, values: ViewValues): View {
  const merged = Object.fromEntries(
    [...new Set([...Object.keys(view.state.values), ...Object.keys(values)])].map((block) => [
      block,
      { ...view.state.values[block], ...values[block] },
    ]),
  );
  const kept = { ...view, state: { values: stateOf(view.blocks, merged) } };
  if (view.type === "home") world.home.set(user, kept);
  else
    world.views.set(
      user,
      stackOf(world, user).map((open) => (open.id === view.id ? kept : open)),
    );
  return kept;
}

/** Takes a modal from the pile, and with `clear` everything else too. */
export function closeView(world: World, user: string, view: View, { clear }: { clear: boolean }): void {
  const stack = stackOf(world, user);
  const gone = clear ? stack : stack.filter(({ id }) => id === view.id);
  world.views.set(
    user,
    stack.filter((open) => !gone.includes(open)),
  );
  for (const { id } of gone.toReversed()) emit(world, { type: "view_closed", user, view_id: id });
}

export function publishHome(world: World, user: string, input: ViewInput): Json {
  const id = world.home.get(user)?.id ?? newId("V");
  const view = build(world, input, id, { root_view_id: id, previous_view_id: null });
  world.home.set(user, view);
  emit(world, { type: "home", user, view });
  return withApp(world, view);
}
