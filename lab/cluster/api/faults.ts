import { type Attributes, attributesOf, forbidden, type Identity } from "./access.ts";
import type { ApiRequest } from "./request.ts";
import { StatusError } from "./status.ts";

/** Refuses requests that match. `verb` and `resource` (`pods`, `pods/exec`) absent: all of them. */
export type Refusal = {
  /** 410 fits lists, and watches, which then carry it as an ERROR event. 403 also answers access reviews with no. */
  readonly status: 403 | 410 | 429 | 500 | 503;
  readonly verb?: string;
  readonly resource?: string;
  /** For 429; default 1. */
  readonly retryAfterSeconds?: number;
  /** Refuse only the first so many. */
  readonly times?: number;
};

/** How exec streams misbehave. Read once when a stream starts, so a switch never changes a running stream. */
export type ExecFaults = {
  /** Ends the connection after this many bytes of output, without a status: TCP FIN, TCP RST, or a proper close frame. */
  readonly cut?: { readonly afterBytes: number; readonly how: "fin" | "rst" | "close" };
  /** What follows the status frame instead of a close: an RST after so many milliseconds, or nothing at all. */
  readonly afterStatus?: { readonly rstAfterMs: number } | "stay-open";
  readonly status?: "malformed";
  /** After this many bytes of output nothing is sent or read any more, and the connection stays. */
  readonly silentAfterBytes?: number;
  readonly bytesPerSecond?: number;
  /** An API server before 1.30: knows v4 only, and refuses a client that offers nothing but v5. */
  readonly protocol?: "v4";
  /** Cuts when no data has passed for so long. Pings do not count, as behind the 1.30 translator. */
  readonly idleCutMs?: number;
  /** Closes the socket at once after the end (k/k#60140): the client's next frame makes the kernel drop unread output. */
  readonly truncatingClose?: boolean;
  /** Writes so many bytes to stderr before the command's own output. */
  readonly stderrFloodBytes?: number;
  /** Sends frames that no client expects: empty, text, unknown channel, a close of channel 1. */
  readonly oddFrames?: boolean;
  /** A node that cannot be dialled is told after the upgrade, as since 1.30, and not instead of it. */
  readonly lateDialError?: boolean;
};

export type ApiFaults = {
  readonly refuse: readonly Refusal[];
  /** Every answer waits so long. */
  readonly delayMs: number;
  /** Requests and upgrades are read and never answered. */
  readonly silent: boolean;
  readonly exec: ExecFaults;
  /** Namespaces that are deleted stay Terminating, as when nobody takes a finalizer away. */
  readonly namespacesStay: boolean;
};

const NONE: ApiFaults = { refuse: [], delayMs: 0, silent: false, exec: {}, namespacesStay: false };

/** What is broken at the moment; switched while the server runs. */
export class FaultSwitches {
  #faults: ApiFaults = NONE;
  #used = new Map<Refusal, number>();

  constructor(faults: Partial<ApiFaults> = {}) {
    this.set(faults);
  }

  get now(): ApiFaults {
    return this.#faults;
  }

  /** Replaces the given faults and keeps the others. */
  set(faults: Partial<ApiFaults>): void {
    this.#faults = { ...this.#faults, ...faults };
    if (faults.refuse) this.#used.clear();
  }

  clear(): void {
    this.#faults = NONE;
    this.#used.clear();
  }

  /** Whether a 403 is set for this; asking does not use up its `times`. */
  forbids(wish: Attributes): boolean {
    return this.#faults.refuse.some(
      (refusal) => refusal.status === 403 && this.#left(refusal) && applies(refusal, wish),
    );
  }

  /** Throws the refusal set for this request, if any; a 410 for a watch is returned as `"expired"`, it has its own form. */
  check(request: ApiRequest, identity: Identity): "expired" | "fine" {
    const wish = attributesOf(request);
    const refusal = this.#faults.refuse.find((candidate) => this.#left(candidate) && applies(candidate, wish));
    if (!refusal) return "fine";
    this.#used.set(refusal, (this.#used.get(refusal) ?? 0) + 1);
    if (refusal.status === 410 && request.verb === "watch") return "expired";
    throw worded(refusal, { wish, identity });
  }

  #left(refusal: Refusal): boolean {
    return (this.#used.get(refusal) ?? 0) < (refusal.times ?? Number.POSITIVE_INFINITY);
  }
}

function applies({ verb, resource }: Refusal, wish: Attributes): boolean {
  const asked = wish.subresource ? `${wish.resource}/${wish.subresource}` : wish.resource;
  return (verb === undefined || verb === wish.verb) && (resource === undefined || resource === asked);
}

function worded(
  { status, retryAfterSeconds = 1 }: Refusal,
  { wish, identity }: { wish: Attributes; identity: Identity },
): StatusError {
  switch (status) {
    case 403:
      return forbidden(identity, wish);
    case 410:
      return new StatusError(410, "Expired", "The resourceVersion for the provided list is too old.");
    case 429:
      return new StatusError(429, "TooManyRequests", "Too many requests, please try again later.", {
        retryAfterSeconds,
      });
    case 500:
      return new StatusError(500, "InternalError", "Internal error occurred: etcdserver: request timed out");
    case 503:
      return new StatusError(503, "ServiceUnavailable", "the server is currently unable to handle the request");
  }
}
