import { z } from "zod";

/** The parts of a metav1.Status that matter here. */
export const kubeStatusSchema = z.object({
  status: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  code: z.number().optional(),
  details: z
    .object({
      kind: z.string().optional(),
      name: z.string().optional(),
      causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })).optional(),
    })
    .optional(),
});
export type KubeStatus = z.infer<typeof kubeStatusSchema>;

/** A Status from JSON text, or undefined when it is none. Proxies answer with HTML, broken servers with half a line. */
export function parseKubeStatus(text: string): KubeStatus | undefined {
  try {
    const parsed = kubeStatusSchema.safeParse(JSON.parse(text));
    return parsed.success && typeof parsed.data === "object" ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export type ExecEnd =
  | { readonly outcome: "exited"; readonly exitCode: number }
  | { readonly outcome: "failed"; readonly status: KubeStatus };

/** What the status channel said: an exit code, or a Status that is none; undefined when it cannot be understood. */
export function parseExecEnd(text: string): ExecEnd | undefined {
  const status = parseKubeStatus(text);
  if (status?.status === "Success") return { outcome: "exited", exitCode: 0 };
  if (status?.status !== "Failure") return undefined;
  const code = status.details?.causes?.find((cause) => cause.reason === "ExitCode")?.message;
  if (status.reason === "NonZeroExitCode" && code !== undefined && /^\d{1,3}$/.test(code))
    return { outcome: "exited", exitCode: Number(code) };
  return { outcome: "failed", status };
}
