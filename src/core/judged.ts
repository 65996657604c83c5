import { z } from "zod";
import { checkIdSchema } from "./check.ts";

/** What a person said of a cause that a thread named. `atMs` is Unix time in milliseconds, `user` Slack's id. */
export const judgedSchema = z.object({
  check: checkIdSchema,
  cause: z.string().regex(/^[a-z0-9-]{1,60}$/),
  answer: z.enum(["right", "wrong"]),
  user: z.string(),
  atMs: z.number(),
});
export type Judged = z.infer<typeof judgedSchema>;
