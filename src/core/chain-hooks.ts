/** Which built-in hooks lead to each chain, by the jumps between chains. */
export function hooksOf(
  jumps: readonly { readonly from: string; readonly to: string }[],
  builtIn: ReadonlyMap<string, string>,
): (chain: string) => string[] {
  const found = new Map<string, Set<string>>([...builtIn].map(([chain, hook]) => [chain, new Set([hook])]));
  let grew = true;
  while (grew) {
    grew = false;
    for (const { from, to } of jumps) {
      const reached = found.get(to) ?? new Set();
      const before = reached.size;
      for (const hook of found.get(from) ?? []) reached.add(hook);
      if (reached.size > before) grew = true;
      found.set(to, reached);
    }
  }
  return (chain) => [...(found.get(chain) ?? [])];
}
