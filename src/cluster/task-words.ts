import type { TaskSpec } from "../core/plan.ts";

/** Words of one `start` travel on its input, because proxies in front of API servers cut long URLs (8 kB is usual). */
const MAX_INPUT_BYTES = 60_000;
const SEPARATOR = "\u001f";

/**
 * The input of `netcheck-task start --stdin`: words with 0x1f between them, `--end` last. More than one when there are very many
 * tasks; a task is never split. Throws TypeError for an argument that the node's script cannot carry.
 */
export function startWords(tasks: readonly Pick<TaskSpec, "id" | "netns" | "argv" | "maxBytes">[]): Buffer[] {
  const inputs: string[][] = [];
  let room = 0;
  for (const { id, netns, argv, maxBytes } of tasks) {
    const broken = argv.find((word) => ["\n", SEPARATOR, "\0"].some((bad) => word.includes(bad)));
    if (broken !== undefined) throw new TypeError(`Task ${id} has an argument with a control character.`);
    const words = ["--task", id, netns, String(maxBytes), String(argv.length), ...argv];
    const size = words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
    if (size > room) {
      inputs.push([]);
      room = MAX_INPUT_BYTES;
    }
    inputs.at(-1)?.push(...words);
    room -= size;
  }
  return inputs.map((words) => Buffer.from([...words, "--end"].join(SEPARATOR)));
}
