import { DelayedError, type Job } from "bullmq";
import type { Redis } from "ioredis";

/**
 * Puts the job back and ends this tick; BullMQ counts neither a failure nor an attempt. `delayMs` from now.
 * Nothing may be awaited after it: the job may already run elsewhere.
 */
export async function tickAgain(job: Job, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + Math.max(0, Math.floor(delayMs)), token);
  throw new DelayedError();
}

/**
 * Forgets what went wrong in earlier ticks of a job, after one that went well: five failures, or ten dead workers, are a bug when
 * they follow each other, and what happens in a long night when they do not. The names of the fields are BullMQ's own.
 */
export async function forgive(redis: Redis, job: Job): Promise<void> {
  if (job.attemptsMade === 0 && job.stalledCounter === 0) return;
  await redis.hset(`${job.queueQualifiedName}:${job.id}`, "atm", 0, "stc", 0);
}
