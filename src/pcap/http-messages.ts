import * as layout from "./flow-layout.ts";

const { FIRST_PACKET } = layout;

/** Directions whose next message is awaited; where two want the same place, the later one gets it. */
const PLACES = 8_192;
/**
 * Words of a place: slot of the flow with its direction, and the flow's first packet (whose it is); sequence number up to
 * which bytes were read; state; bytes left, of whatever the state counts; what was read of the present line of a head.
 */
const PLACE_WORDS = 6;

/** What comes next. MESSAGE: the beginning of one. */
const MESSAGE = 0;
/** A line of the head: its name, the number behind Content-Length, any other value. */
const NAME = 1;
const LENGTH = 2;
const VALUE = 3;
const BODY = 4;
/** RFC 9112, 7.1: size line, the rest of it, chunk with its line end, and lines up to an empty one. */
const SIZE = 5;
const EXTENSION = 6;
const CHUNK = 7;
const TRAILER = 8;
/** Nobody knows: a body ends with the connection, or bytes are missing. */
const UNKNOWN = 9;
const STATES = 15;
/** Of a message whose head has not ended: its body is chunked; it has none, whatever its length says. */
const CHUNKED = 16;
const BODILESS = 32;
/** Nothing has been seen yet of the body that the head tells of. */
const FRESH = 64;

/** "HTTP/1.1 200": where the code begins. */
const CODE_AT = 9;
const LF = 10;
const CR = 13;
const COLON = 58;
const MOST = 0x7fff_ffff;

/** Names of head lines are compared by a number made of their letters, since a line may be cut anywhere. */
const CONTENT_LENGTH = nameOf("content-length");
const TRANSFER_ENCODING = nameOf("transfer-encoding");

/**
 * Finds where HTTP/1 messages begin behind the bodies before them, with a length or in chunks, over as many segments as they
 * take. Bytes that are missing within a body do no harm; elsewhere the next message is found when it begins a segment,
 * as it is behind a body that is announced and does not come (answers to HEAD).
 */
export class HttpMessages {
  /** Made with the first message. */
  #words = new Int32Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #state = UNKNOWN;
  #left = 0;
  #line = 0;
  #fresh = false;
  /** The bytes that `next` looked at last begin in a body, or between its chunks: what looks like a message is none. */
  within = false;

  buffer(view: DataView): void {
    this.#view = view;
  }

  /** Where in the bytes from `at` to `end`, the first of them `sequence`, the next message begins; `end` or more if it does not. */
  next(words: Int32Array, flow: number, direction: number, sequence: number, at: number, end: number): number {
    const place = placeOf(flow, direction);
    const known = this.#words;
    this.within = false;
    if (known[place] !== flow + direction || known[place + 1] !== words[flow + FIRST_PACKET]) return end;
    this.#fresh = ((known[place + 3] as number) & FRESH) !== 0;
    this.#state = (known[place + 3] as number) & ~FRESH;
    this.#left = known[place + 4] as number;
    this.#line = known[place + 5] as number;
    const missing = (sequence - (known[place + 2] as number)) | 0;
    if (missing > 0) {
      const within = this.#state === BODY || this.#state === CHUNK;
      if (within && missing <= this.#left) this.#left -= missing;
      else this.#state = UNKNOWN;
    }
    this.within = this.#state >= BODY && this.#state < UNKNOWN && !this.#fresh;
    return this.#read(Math.max(at, at - missing), end);
  }

  /** A message begins at `at`: where the one behind it does; `end` if not in these bytes. */
  behind(at: number, end: number, answer: boolean): number {
    this.#state = NAME | (answer && end - at >= CODE_AT + 3 && this.#bodiless(at + CODE_AT) ? BODILESS : 0);
    this.#left = 0;
    this.#line = 0;
    return this.#read(at, end);
  }

  /** Remembers what comes next in a direction whose bytes were read up to the sequence number `until`. */
  keep(words: Int32Array, flow: number, direction: number, until: number): void {
    if (this.#words.length === 0) this.#words = new Int32Array(PLACES * PLACE_WORDS).fill(-1);
    const place = placeOf(flow, direction);
    const known = this.#words;
    known[place] = flow + direction;
    known[place + 1] = words[flow + FIRST_PACKET] as number;
    known[place + 2] = until;
    known[place + 3] = this.#state | (this.#fresh ? FRESH : 0);
    known[place + 4] = this.#left;
    known[place + 5] = this.#line;
  }

  /** What begins where a message should is none. */
  lose(): void {
    this.#state = UNKNOWN;
  }

  #read(from: number, end: number): number {
    let at = from;
    while (at < end) {
      const state = this.#state & STATES;
      if (state === MESSAGE) return at;
      if (state === UNKNOWN) return end;
      if (state >= BODY) this.#fresh = false;
      if (state === BODY || state === CHUNK) at = this.#skip(at, end);
      else if (state >= BODY) this.#chunkLetter(this.#view.getUint8(at++));
      else this.#headLetter(this.#view.getUint8(at++));
    }
    return at;
  }

  #headLetter(letter: number): void {
    const state = this.#state & STATES;
    if (letter === LF) {
      if (state === NAME && this.#line === 0) this.#headEnds();
      else this.#go(NAME);
      this.#line = 0;
    } else if (state === LENGTH) {
      if (letter >= 48 && letter <= 57) this.#left = Math.min(MOST, this.#left * 10 + letter - 48);
    } else if (state === NAME && letter === COLON) {
      if (this.#line === TRANSFER_ENCODING) this.#state |= CHUNKED;
      if (this.#line === CONTENT_LENGTH) this.#left = 0;
      this.#go(this.#line === CONTENT_LENGTH ? LENGTH : VALUE);
    } else if (state === NAME && letter !== CR) this.#line = named(this.#line, letter);
  }

  #go(state: number): void {
    this.#state = (this.#state & ~STATES) | state;
  }

  /** Answers 1xx, 204 and 304 have no body (RFC 9112, 6.3). */
  #bodiless(at: number): boolean {
    const view = this.#view;
    const code = view.getUint16(at, false);
    return code >> 8 === 0x31 || ((code === 0x3230 || code === 0x3330) && view.getUint8(at + 2) === 0x34);
  }

  #headEnds(): void {
    const state = this.#state;
    this.#fresh = true;
    if ((state & BODILESS) !== 0) this.#state = MESSAGE;
    else if ((state & CHUNKED) !== 0) {
      this.#state = SIZE;
      this.#left = 0;
    } else if (this.#left > 0) this.#state = BODY;
    else this.#state = MESSAGE;
  }

  #skip(at: number, end: number): number {
    const skipped = Math.min(this.#left, end - at);
    this.#left -= skipped;
    if (this.#left === 0) this.#state = this.#state === BODY ? MESSAGE : SIZE;
    return at + skipped;
  }

  /** What stands between chunks. */
  #chunkLetter(letter: number): void {
    if (this.#state === TRAILER) {
      if (letter !== LF) this.#left += letter === CR ? 0 : 1;
      else if (this.#left === 0) this.#state = MESSAGE;
      else this.#left = 0;
    } else if (letter === LF) {
      this.#state = this.#left === 0 ? TRAILER : CHUNK;
      // The chunk ends with a line end of its own.
      if (this.#left > 0) this.#left = Math.min(MOST, this.#left + 2);
    } else if (this.#state === SIZE) {
      const digit = hexDigit(letter);
      if (digit >= 0) this.#left = Math.min(MOST, this.#left * 16 + digit);
      else this.#state = letter === CR || letter === 59 || letter === 32 ? EXTENSION : UNKNOWN;
    }
  }
}

function nameOf(name: string): number {
  return [...name].reduce((line, letter) => named(line, letter.charCodeAt(0)), 0);
}

/** Capitals count as small letters. */
function named(line: number, letter: number): number {
  return (Math.imul(line, 31) + (letter | 32)) | 0;
}

function placeOf(flow: number, direction: number): number {
  return ((Math.imul(flow + direction, 0x9e3779b1) >>> 19) & (PLACES - 1)) * PLACE_WORDS;
}

/** -1 for what is none. */
function hexDigit(letter: number): number {
  if (letter >= 48 && letter <= 57) return letter - 48;
  const small = letter | 32;
  return small >= 97 && small <= 102 ? small - 87 : -1;
}
