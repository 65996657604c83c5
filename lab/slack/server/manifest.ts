import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";

const strings = z.array(z.string()).default([]);
const manifestSchema = z.looseObject({
  display_information: z.looseObject({ name: z.string().min(1).max(35) }),
  features: z
    .looseObject({
      bot_user: z.looseObject({ display_name: z.string().min(1) }).optional(),
      slash_commands: z
        .array(
          z.looseObject({
            command: z.string().startsWith("/").max(32),
            description: z.string().max(2_000),
            usage_hint: z.string().max(1_000).default(""),
            should_escape: z.boolean().default(false),
          }),
        )
        .max(50)
        .default([]),
      shortcuts: z
        .array(
          z.looseObject({
            name: z.string(),
            type: z.enum(["message", "global"]),
            callback_id: z.string(),
            description: z.string().default(""),
          }),
        )
        .max(10)
        .default([]),
    })
    .prefault({}),
  oauth_config: z
    .looseObject({ scopes: z.looseObject({ bot: strings, bot_optional: strings }).prefault({}) })
    .prefault({}),
  settings: z
    .looseObject({
      event_subscriptions: z.looseObject({ bot_events: strings }).prefault({}),
      interactivity: z.looseObject({ is_enabled: z.boolean().default(false) }).prefault({}),
      socket_mode_enabled: z.boolean().default(false),
    })
    .prefault({}),
});

/** The parts of a Slack app manifest (schema v2) that decide how the lab treats the app. */
export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestInput = z.input<typeof manifestSchema>;

/** Reads and checks a manifest: a path to YAML or JSON, or the object itself. Throws on what Slack would refuse. */
export async function loadManifest(source: string | ManifestInput): Promise<Manifest> {
  const raw: unknown = typeof source === "string" ? parse(await readFile(source, "utf8")) : source;
  const read = manifestSchema.safeParse(raw);
  if (read.success) return read.data;
  const where = typeof source === "string" ? source : "the manifest";
  throw new Error(`${where} is not a Slack app manifest: ${z.prettifyError(read.error)}`);
}
