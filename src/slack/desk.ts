import type { ModalView } from "@slack/types";
import type { WebClient } from "@slack/web-api";
import { cleanText } from "../commands/grammar/clean.ts";
import type { Asked, ChecksPort, PastPort, SchedulesPort } from "../commands/grammar/command.ts";
import { languageIn } from "../commands/grammar/options.ts";
import { splitWords } from "../commands/grammar/words.ts";
import { NetcheckError } from "../core/errors.ts";
import type { Language } from "../core/sentence.ts";
import type { Log } from "../log.ts";
import { drawNotice } from "../report/answers.ts";
import type { Message } from "../report/blocks.ts";
import { type Wording, wordings } from "../report/words.ts";
import type { Tracing } from "../tracing.ts";
import type { Access } from "./access.ts";
import { type Said, sayTo } from "./answer.ts";
import { Cache } from "./cache.ts";
import type { Channels } from "./channels.ts";
import type { Identity } from "./connect.ts";
import { drawForm } from "./form.ts";

/** Where a request comes from; `once` is unique per invocation and the same when Slack delivers it twice. */
export type Place = Asked["slack"] & { readonly once: string };

/** What every listener needs: who may, what is said to a line, and telling one person something. */
export type Desk = {
  readonly checks: ChecksPort;
  readonly past: PastPort;
  readonly client: WebClient;
  readonly access: Access;
  readonly channels: Channels;
  readonly tracing: Tracing;
  readonly log: Log;
  /** The language of this place: the channel's own, or the configured one. Never throws. */
  readonly wordingAt: (channel: string | undefined) => Promise<Wording>;
  /** The form, in the language and for the cluster of this place. Never throws. */
  readonly formAt: (channel: string) => Promise<ModalView>;
  /** "/netcheck" */
  readonly command: string;
  readonly identity: () => Identity;
  readonly newId: () => string;
  /** Aborts when the bot stops. */
  readonly stopping: AbortSignal;
  /**
   * What is said to a command line: identity first, then the grammar, then the queue. `cluster` is meant when the line names none,
   * whatever the channel has chosen. Never throws.
   */
  readonly answer: (
    line: string,
    place: Place,
    options?: { readonly vouched?: string; readonly cluster?: string },
  ) => Promise<Said>;
  /** A refusal for this person, if there is one. `vouched` is the team that Slack itself named in a signed payload. */
  readonly refusal: (user: string, wording: Wording, vouched?: string) => Promise<Message | undefined>;
  /** Shows something to one person. A failure is logged and nothing more: there is nobody left to tell. */
  readonly whisper: (place: Omit<Place, "team" | "once">, message: Message) => Promise<void>;
  /** True the first time this process sees a key. */
  readonly first: (once: string) => boolean;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
};

type DeskParts = Pick<
  Desk,
  | "checks"
  | "past"
  | "client"
  | "access"
  | "channels"
  | "tracing"
  | "log"
  | "command"
  | "identity"
  | "newId"
  | "stopping"
  | "nowMs"
> & {
  readonly schedules: SchedulesPort;
  /** Where neither a line nor its channel names one. */
  readonly cluster: string;
  /** Where neither the line nor the channel names one. */
  readonly language: Language;
  readonly maxDurationMs: number;
};

/** Slack repeats an event for up to about five minutes. */
const SEEN_MS = 10 * 60_000;

export function createDesk(parts: DeskParts): Desk {
  const {
    checks,
    schedules,
    past,
    client,
    access,
    channels,
    tracing,
    log,
    command,
    identity,
    cluster,
    maxDurationMs,
    newId,
    nowMs,
  } = parts;
  const seen = new Cache<true>({ ttlMs: SEEN_MS, maxEntries: 2_000, nowMs });

  async function refusal(user: string, wording: Wording, vouched?: string): Promise<Message | undefined> {
    const denial = await access.deny(user, vouched);
    if (denial === undefined) return undefined;
    log.info({ user, denial }, "request denied");
    return drawNotice(
      { external: wording.external, "not-listed": wording.notAllowed, unverified: wording.unverified }[denial],
    );
  }

  /** A queue that is away has nothing to say about languages; the answer must come all the same. */
  async function languageAt(channel: string | undefined): Promise<Language> {
    const chosen = channel === undefined ? undefined : await checks.language(channel).catch(() => undefined);
    return chosen ?? parts.language;
  }

  /** Throws when the queue is away: a check in the wrong cluster is worse than none. */
  const clusterAt = async (channel: string): Promise<string> => (await checks.channelCluster(channel)) ?? cluster;

  /** The queue and the schedules, with a look at the channel before anything is put into them. */
  function guarded(channel: string, wording: Wording): Pick<Asked, "checks" | "schedules"> {
    async function look(): Promise<void> {
      const room = await channels.room(channel);
      if (room === "not-member") throw new NetcheckError("not-allowed", wording.inviteMe(`@${identity().botName}`));
      if (room === "shared") throw new NetcheckError("not-allowed", wording.sharedChannel);
    }
    return {
      checks: {
        ...checks,
        async submit(request, options) {
          await look();
          return checks.submit(request, options);
        },
      },
      schedules: {
        ...schedules,
        async create(schedule, options) {
          await look();
          return schedules.create(schedule, options);
        },
      },
    };
  }

  return {
    ...parts,
    refusal,
    formAt: async (channel) =>
      drawForm({ channel }, wordings[await languageAt(channel)].form, await clusterAt(channel).catch(() => undefined)),
    wordingAt: async (channel) => wordings[await languageAt(channel)],
    async answer(line, { once, ...slack }, { vouched, cluster: fixed } = {}) {
      const language = languageIn(splitWords(cleanText(line))) ?? (await languageAt(slack.channel));
      const wording = wordings[language];
      const refused = await refusal(slack.user, wording, vouched);
      if (refused !== undefined) return { message: refused, error: "denied" };
      const asked: Asked = {
        ...guarded(slack.channel, wording),
        past,
        slack,
        once,
        newId,
        nowMs: nowMs(),
        cluster,
        usualCluster: async () => fixed ?? clusterAt(slack.channel),
        maxDurationMs,
        command,
        language,
        wording,
      };
      return tracing.span("answer", {}, () => sayTo(line, asked, log));
    },
    async whisper({ channel, user, threadTs }, { text, blocks }) {
      try {
        await client.chat.postEphemeral({
          channel,
          user,
          text,
          blocks: [...blocks],
          ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
        });
      } catch (err) {
        log.warn({ err, channel, user }, "answer could not be shown");
      }
    },
    first(once) {
      if (seen.get(once)) return false;
      seen.set(once, true);
      return true;
    },
  };
}
