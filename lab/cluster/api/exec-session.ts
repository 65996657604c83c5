import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { Started } from "./exec.ts";
import {
  complaintOf,
  type Ended,
  exitStatus,
  failure,
  type StartTrouble,
  startFailure,
  troubleOf,
} from "./exec-status.ts";
import { FrameWriter } from "./exec-writer.ts";
import type { ExecFaults } from "./faults.ts";

/** First byte of each frame. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;
const NORMAL_CLOSE = 1000;

export type Streams = { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };

type Session = {
  readonly connection: WebSocket;
  readonly tcp: Socket;
  readonly started: Started;
  readonly streams: Streams;
  /** Half-close of stdin exists in v5 only. */
  readonly v5: boolean;
  readonly faults: ExecFaults;
};

/** Carries one command's streams. Ends with a status frame and a close, or as the faults say. */
export function runExecSession(session: Session): void {
  const { connection, started } = session;
  connection.on("error", () => connection.terminate());
  const writer = new FrameWriter(session);
  const ended =
    "child" in started ? carry({ ...session, child: started.child, argv0: started.argv0, writer }) : told(started);
  ended.then((status) => finish(session, { writer, status })).catch(() => connection.terminate());
}

const told = async ({ dialError }: { dialError: string }): Promise<unknown> => failure(dialError);

type Carried = Session & { readonly child: ChildProcess; readonly argv0: string; readonly writer: FrameWriter };

/** Moves bytes both ways until the command has ended and its output is sent; resolves with its Status. */
async function carry({ child, argv0, writer, connection, streams, v5, faults }: Carried): Promise<unknown> {
  const end = endOf(child);
  takeStdin({ connection, child, streams, v5, writer });
  await opening({ writer, streams, faults });
  let trouble: StartTrouble | undefined;
  const send = (channel: number, wanted: boolean) => async (chunk: Buffer) => {
    if (wanted) await writer.data(channel, chunk);
  };
  const sendStderr = send(CHANNEL.stderr, streams.stderr);
  const output = [
    pump(child.stdout, send(CHANNEL.stdout, streams.stdout)),
    pump(child.stderr, async (chunk, isFirst) => {
      trouble = isFirst ? complaintOf(chunk, argv0) : trouble;
      if (!trouble) await sendStderr(chunk);
    }),
  ];
  const outcome = await end;
  if (outcome instanceof Error) return startFailure(argv0, troubleOf(outcome));
  await Promise.all(output);
  return trouble ? startFailure(argv0, trouble) : exitStatus(outcome);
}

function endOf(child: ChildProcess): Promise<Ended | Error> {
  return new Promise((resolve) => {
    child.on("error", resolve);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

/** An empty frame says that the stream stands; the frames of two faults follow it. */
async function opening({ writer, streams, faults }: Pick<Carried, "writer" | "streams" | "faults">): Promise<void> {
  writer.control(Buffer.from([streams.stdout ? CHANNEL.stdout : streams.stderr ? CHANNEL.stderr : CHANNEL.status]));
  if (faults.oddFrames) {
    for (const frame of [[], [9, 1, 2, 3], [CHANNEL.close, CHANNEL.stdout], [CHANNEL.close]])
      writer.control(Buffer.from(frame));
    writer.control("a text frame");
  }
  if (faults.stderrFloodBytes)
    await writer.data(CHANNEL.stderr, Buffer.alloc(faults.stderrFloodBytes, "flood of stderr\n"));
}

/** Reads to the end in any case: a process must not block because nobody listens. */
async function pump(stream: Readable | null, take: (chunk: Buffer, isFirst: boolean) => Promise<void>): Promise<void> {
  let isFirst = true;
  try {
    for await (const chunk of (stream ?? []) as AsyncIterable<Buffer>) {
      await take(chunk, isFirst);
      isFirst = false;
    }
  } catch {
    // A pipe that breaks has ended; the exit status says the rest.
  }
}

function takeStdin({
  connection,
  child,
  streams,
  v5,
  writer,
}: Pick<Carried, "connection" | "child" | "streams" | "v5" | "writer">): void {
  const { stdin } = child;
  const readOn = () => writer.isSilent || connection.resume();
  stdin?.on("error", readOn).on("close", readOn).on("drain", readOn);
  if (!streams.stdin) stdin?.end();
  // A lost client means end of input for the command, and nothing more: runtimes do not kill it.
  connection.once("close", () => stdin?.end());
  connection.on("message", (data: RawData, isBinary: boolean) => {
    const frame = data as Buffer;
    writer.sawData();
    if (!isBinary || frame.length < 2) return;
    if (v5 && frame[0] === CHANNEL.close && frame[1] === CHANNEL.stdin) stdin?.end();
    if (frame[0] !== CHANNEL.stdin || !streams.stdin || !stdin?.writable) return;
    if (!stdin.write(frame.subarray(1))) connection.pause();
  });
}

async function finish(
  { connection, tcp, faults }: Session,
  { writer, status }: { writer: FrameWriter; status: unknown },
) {
  const text = Buffer.from(JSON.stringify(status));
  const body = faults.status === "malformed" ? text.subarray(0, text.length - 3) : text;
  await writer.last(Buffer.concat([Buffer.from([CHANNEL.status]), body]));
  if (writer.isSilent || faults.afterStatus === "stay-open") return;
  if (faults.afterStatus) {
    const { rstAfterMs } = faults.afterStatus;
    if (rstAfterMs > 0)
      await Promise.race([once(connection, "close"), new Promise((done) => setTimeout(done, rstAfterMs))]);
    tcp.resetAndDestroy();
  } else if (faults.truncatingClose) tcp.destroy();
  else connection.close(NORMAL_CLOSE);
}
