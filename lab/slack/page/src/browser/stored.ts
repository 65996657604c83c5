import { useCallback, useState } from "react";

/** A string that survives a reload; also works where the browser forbids storage. */
export function useStored(key: string, storage: () => Storage): [string | undefined, (value: string) => void] {
  const [value, setValue] = useState(() => read(key, storage));
  const store = useCallback(
    (next: string) => {
      setValue(next);
      try {
        storage().setItem(key, next);
      } catch {
        // Private windows may refuse; the value then lives as long as the page.
      }
    },
    [key, storage],
  );
  return [value, store];
}

function read(key: string, storage: () => Storage): string | undefined {
  try {
    return storage().getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

export const perWindow = (): Storage => sessionStorage;
export const perBrowser = (): Storage => localStorage;
