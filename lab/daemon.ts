import { loadTopology } from "./cluster/topology.ts";
import { ownLab } from "./owner.ts";

/**
 * The process behind `lab up`: owns one lab until it is told to go or is killed. Tells its parent over IPC when the lab
 * is ready or why it is not, then cuts that tie.
 */
async function main([name = "default", file]: readonly string[]): Promise<void> {
  const { promise: down, resolve: onDown } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => onDown());
  await using lab = await ownLab(await loadTopology(file), { name, onDown });
  process.send?.({ ready: lab.running });
  process.disconnect?.();
  await down;
}

if (import.meta.main)
  main(process.argv.slice(2)).catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    if (process.connected) process.send?.({ failed: text }, () => process.exit(1));
    else process.exit(1);
  });
