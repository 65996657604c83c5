/** What mrkdwn and markdown are parsed into. Data only: drawing it can never run or load anything. */
export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bold" | "italic" | "strike"; readonly children: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "link"; readonly url: string; readonly children: readonly Inline[] }
  | { readonly kind: "user" | "channel" | "group"; readonly id: string; readonly label?: string }
  | { readonly kind: "broadcast"; readonly range: string }
  | {
      readonly kind: "date";
      /** Unix seconds. */
      readonly timestamp: number;
      readonly template: string;
      readonly url?: string;
      readonly fallback: string;
    }
  | { readonly kind: "emoji"; readonly name: string }
  | { readonly kind: "break" };

export type TextBlock =
  | { readonly kind: "paragraph"; readonly children: readonly Inline[] }
  | { readonly kind: "heading"; readonly level: number; readonly children: readonly Inline[] }
  | { readonly kind: "item"; readonly marker: string; readonly indent: number; readonly children: readonly Inline[] }
  | { readonly kind: "quote"; readonly blocks: readonly TextBlock[] }
  | { readonly kind: "pre"; readonly text: string };

/** The address when a browser may follow it, otherwise undefined (javascript:, data:, file: and the like). */
export function safeUrl(url: string): string | undefined {
  return /^(https?:\/\/|mailto:|tel:)/i.test(url) ? url : undefined;
}
