import { useEffect } from "react";
import { perBrowser, useStored } from "./stored.ts";

export type Theme = "auto" | "light" | "dark";

const next: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

/** The chosen theme, written to the root element where the style sheet looks for it, and a switch to the next one. */
export function useTheme(): { theme: Theme; toggle: () => void } {
  const [stored, store] = useStored("lab-slack-theme", perBrowser);
  const theme = stored === "light" || stored === "dark" ? stored : "auto";
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return { theme, toggle: () => store(next[theme]) };
}
