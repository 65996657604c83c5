import { constants } from "node:os";
import { internalError, statusOf } from "./status.ts";

/** How a command ended, from Node's "exit" event. */
export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** The Status that ends an exec stream. A command killed by a signal has 128 + its number as exit code. */
export function exitStatus({ code, signal }: Ended): unknown {
  const exitCode = signal ? 128 + constants.signals[signal] : (code ?? 0);
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: `${exitCode}` }] },
  };
}

/** Why a command could not be started. */
export type StartTrouble = "permission denied" | "executable file not found in $PATH";

export const troubleOf = ({ code }: NodeJS.ErrnoException): StartTrouble =>
  code === "EACCES" ? "permission denied" : "executable file not found in $PATH";

/**
 * The lab enters a container with nsenter, and an agent's with setpriv as well; they complain in place of a command that they cannot
 * start. A container runtime does that in the status instead; so what stderr begins with decides whether it is such a complaint.
 */
export function complaintOf(stderr: Buffer, argv0: string): StartTrouble | undefined {
  const text = stderr.toString("utf8", 0, 500);
  if (!["nsenter", "setpriv"].some((tool) => text.startsWith(`${tool}: failed to execute ${argv0}: `)))
    return undefined;
  return text.includes("Permission denied") ? "permission denied" : "executable file not found in $PATH";
}

/** The command could not be started; worded by the container runtime. */
export function startFailure(argv0: string, why: StartTrouble): unknown {
  return failure(
    `error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: ${JSON.stringify(argv0)}: ${why}: unknown`,
  );
}

/** Any other trouble that is told after the upgrade. */
export const failure = (message: string): unknown => statusOf(internalError(`Internal error occurred: ${message}`));
