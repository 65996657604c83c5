import type { Redis } from "ioredis";
import type { NodeCalls } from "#src/cluster/measure-ports.ts";
import { fakeNodes } from "./fake-nodes.ts";

/** The fake nodes with their memory in Redis, so that they live on when a worker process is killed. */
export function redisNodes(redis: Redis, nowMs: () => number): NodeCalls {
  const key = (node: string, check: string) => `fake-node:${node}/${check}`;

  async function on<T>(node: string, check: string, work: (nodes: NodeCalls) => Promise<T>): Promise<T> {
    const { nodes, started } = fakeNodes(nowMs);
    const saved = await redis.get(key(node, check));
    if (saved) started.set(`${node}/${check}`, JSON.parse(saved));
    const result = await work(nodes);
    const now = started.get(`${node}/${check}`);
    if (now) await redis.set(key(node, check), JSON.stringify(now));
    else await redis.del(key(node, check));
    return result;
  }

  return {
    start: (node, order) => on(node, order.check, (nodes) => nodes.start(node, order)),
    sync: (node, check, offsets) => on(node, check, (nodes) => nodes.sync(node, check, offsets)),
    stop: (node, check) => on(node, check, (nodes) => nodes.stop(node, check)),
    remove: (node, check) => on(node, check, (nodes) => nodes.remove(node, check)),
  };
}
