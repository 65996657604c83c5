import { DelayedError, type Job } from "bullmq";

/**
 * Puts the job back and ends this tick; BullMQ counts neither a failure nor an attempt. `delayMs` from now.
 * Nothing may be awaited after it: the job may already run elsewhere.
 */
export async function tickAgain(job: Job, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + Math.max(0, Math.floor(delayMs)), token);
  throw new DelayedError();
}
