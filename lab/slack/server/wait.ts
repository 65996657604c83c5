import type { LabEvent, Message } from "../protocol.ts";
import type { Lab } from "./lab.ts";
import type { World } from "./world.ts";

/** Resolves with the first value that `read` makes of an event; rejects after `timeoutMs` of wall-clock time. */
function nextEvent<T>(
  world: World,
  read: (event: LabEvent) => T | undefined,
  { timeoutMs, orElse }: { timeoutMs: number; orElse: () => string },
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const listener = (event: LabEvent): void => {
    const value = read(event);
    if (value === undefined) return;
    done();
    resolve(value);
  };
  const timer = setTimeout(() => {
    done();
    reject(new Error(`Nothing came in ${timeoutMs} ms. ${orElse()}`));
  }, timeoutMs);
  const done = (): void => {
    clearTimeout(timer);
    world.changes.off("change", listener);
  };
  world.changes.on("change", listener);
  return promise;
}

export function waitForMessage(
  world: World,
  predicate: (message: Message, channel: string) => boolean,
  { timeoutMs = 10_000, fresh = false }: { timeoutMs?: number; fresh?: boolean } = {},
): Promise<Message> {
  const all = (): (readonly [string, Message])[] =>
    [...world.messages].flatMap(([channel, messages]) => messages.map((message) => [channel, message] as const));
  const [, there] = (fresh ? undefined : all().find(([channel, message]) => predicate(message, channel))) ?? [];
  if (there) return Promise.resolve(there);
  return nextEvent(
    world,
    (event) => ("message" in event && predicate(event.message, event.channel) ? event.message : undefined),
    {
      timeoutMs,
      orElse: () =>
        `Newest messages: ${JSON.stringify(
          all()
            .slice(-5)
            .map(([channel, { text }]) => `${channel}: ${text.slice(0, 120)}`),
        )}`,
    },
  );
}

export async function waitForConnections(
  { world, delivery }: Lab,
  count: number,
  { timeoutMs = 15_000 }: { timeoutMs?: number } = {},
): Promise<void> {
  const enough = (): boolean => (count === 0 ? delivery.hub.count() === 0 : delivery.hub.count() >= count);
  if (enough()) return;
  await nextEvent(world, () => (enough() ? true : undefined), {
    timeoutMs,
    orElse: () => `The app has ${delivery.hub.count()} connections.`,
  });
}
