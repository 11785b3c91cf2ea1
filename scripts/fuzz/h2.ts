/**
 * HTTP/2: a session that answers each request by its body. What is told does not depend on how bytes arrive, nothing is
 * told of a stream that is over, and what is kept stays within bounds.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { CLIENT_PREFACE, type H2Stream, ServerSession } from "../../src/http/h2/mod.ts";
import { ACK, block, END_HEADERS, END_STREAM, frame, request, Type, uint32 } from "../../test/support/h2-client.ts";
import { type FuzzTarget, mutated, pieces, texts } from "./target.ts";

const LIMITS = { maxConcurrentStreams: 8, maxHeaderListBytes: 4096, streamWindowBytes: 1024, maxRequests: 20 };

/** Identifier and value. */
function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([id >> 8, id & 255]), uint32(value)]);
}

const WHOLE = END_HEADERS | END_STREAM;
const FRAMES: readonly Buffer[] = [
  frame(Type.settings, 0, 0),
  frame(Type.settings, ACK, 0),
  ...[[1, 0], [1, 1 << 30], [2, 1], [3, 0], [4, 0], [4, 1], [4, 2 ** 31 - 1], [4, 2 ** 31], [5, 16384], [5, 1], [6, 10]]
    .map(([id, value]) => frame(Type.settings, 0, 0, setting(id!, value!))),
  ...[1, 3, 5, 7, 9].flatMap((stream) => [
    frame(Type.headers, WHOLE, stream, request(`/${stream}`)),
    frame(Type.headers, END_HEADERS, stream, request(`/${stream}`, { method: "POST" })),
    frame(Type.headers, END_STREAM, stream, request("/half")),
    frame(Type.continuation, END_HEADERS, stream, block([["x-a", "1"]])),
    frame(Type.continuation, 0, stream, block([["x-b", "2".repeat(200)]])),
    frame(Type.headers, WHOLE, stream, block([["x-trailer", "1"]])),
    frame(Type.headers, WHOLE | 8, stream, Buffer.concat([Buffer.from([3]), request("/padded"), Buffer.alloc(3)])),
    frame(Type.headers, WHOLE | 0x20, stream, Buffer.concat([uint32(stream), Buffer.from([9]), request("/self")])),
    frame(Type.data, 0, stream, "some of a body"),
    frame(Type.data, END_STREAM, stream, "the rest"),
    frame(Type.data, 8, stream, Buffer.concat([Buffer.from([5]), Buffer.alloc(8)])),
    frame(Type.data, 0, stream, Buffer.alloc(1000, 120)),
    frame(Type.reset, 0, stream, uint32(8)),
    frame(Type.window, 0, stream, uint32(100)),
    frame(Type.window, 0, stream, uint32(2 ** 31 - 1)),
    frame(Type.priority, 0, stream, Buffer.concat([uint32(0), Buffer.from([1])])),
  ]),
  frame(
    Type.headers,
    WHOLE,
    11,
    block([[":method", "GET"], [":path", "/"], [":scheme", "https"], ["connection", "close"]]),
  ),
  frame(Type.headers, WHOLE, 13, request("/", { fields: [["cookie", "a=1"], ["cookie", "b=2"], ["te", "trailers"]] })),
  frame(Type.headers, WHOLE, 15, request("/", { fields: [["x-big", "b".repeat(5000)]] })),
  frame(
    Type.headers,
    WHOLE,
    17,
    Buffer.from([0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]),
  ),
  frame(Type.headers, WHOLE, 19, Buffer.from([0x3f, 0xe1, 0x1f, 0x20, 0x82, 0x87, 0x84, 0xbe])),
  frame(Type.ping, 0, 0, Buffer.alloc(8)),
  frame(Type.ping, ACK, 0, Buffer.from("shutdown")),
  frame(Type.goaway, 0, 0, Buffer.alloc(8)),
  frame(Type.window, 0, 0, uint32(70_000)),
  frame(Type.window, 0, 0, uint32(0)),
  frame(Type.push, END_HEADERS, 1, uint32(2)),
  frame(0xfe, 255, 1, "unknown"),
];
const PREFACE = Buffer.concat([Buffer.from(CLIENT_PREFACE, "latin1"), frame(Type.settings, 0, 0)]);
const PIECES = texts(
  "\0",
  "\xff",
  "\0\0\0",
  CLIENT_PREFACE,
  "\x40\0",
  "\x80",
  "\x3f\xff\xff\xff\xff\x0f",
  "\x10\x7f\x80\x80\x80\x80\x80",
);

/** What a session tells; an event a line. */
function story(parts: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const bodies = new Map<H2Stream<null>, Uint8Array[]>();
  let sent = 0;
  let held = 0;
  const known = (stream: H2Stream<null>): Uint8Array[] => {
    const body = bodies.get(stream);
    assert.ok(body !== undefined, "an event of a stream that is not there");
    return body;
  };
  const session = new ServerSession<null>(LIMITS, {
    write: (bytes) => {
      sent += bytes.length;
      return true;
    },
    request: (stream, { method, path, authority }, ended) => {
      assert.ok(!bodies.has(stream), "a request twice");
      bodies.set(stream, []);
      lines.push(`request ${stream.id} ${method} ${authority} ${path} ${ended}`);
      session.respond(stream, 200, ["x-path", "1"], false);
      if (ended) session.end(stream);
    },
    oversized: (stream) => {
      bodies.set(stream, []);
      lines.push(`oversized ${stream.id}`);
      session.respond(stream, 431, [], true);
    },
    data: (stream, chunk) => {
      known(stream).push(chunk);
      held += chunk.length;
      assert.ok(held <= LIMITS.maxConcurrentStreams * LIMITS.streamWindowBytes, "more is held than windows allow");
    },
    end: (stream, trailers) => {
      const body = Buffer.concat(known(stream));
      bodies.set(stream, []);
      lines.push(`end ${stream.id} ${body.length} ${trailers?.map(({ name }) => name).join()}`);
      held -= body.length;
      session.consumed(stream, body.length);
      if (body.length > 0) session.send(stream, body);
      session.end(stream);
    },
    reset: (stream, code) => {
      for (const chunk of known(stream)) held -= chunk.length;
      bodies.delete(stream);
      lines.push(`reset ${stream.id} ${code}`);
    },
    received: () => {},
    drain: () => {},
    finished: (stream) => {
      for (const chunk of known(stream)) held -= chunk.length;
      bodies.delete(stream);
      lines.push(`finished ${stream.id}`);
    },
    close: (code) => lines.push(`close ${code}`),
  }, { schedule: (flush) => flush() });
  let received = 0;
  for (const part of parts) {
    session.receive(part);
    received += part.length;
    assert.ok(session.activeStreams <= LIMITS.maxConcurrentStreams, "too many streams");
    // Answers to a frame are of its order, but for bodies that waited for a window.
    assert.ok(sent <= 1000 + 10 * received, `${sent} bytes sent for ${received}`);
  }
  const before = session.over;
  session.disconnected();
  lines.push(`over ${before}`);
  assert.equal(bodies.size, 0, "streams are left when the connection is gone");
  return lines;
}

export const h2: FuzzTarget = {
  make: (next) => {
    const frames = Array.from({ length: 1 + next(14) }, () => next.of(FRAMES));
    const bytes = Buffer.concat([PREFACE, ...frames]);
    return next(2) === 0 ? bytes : Buffer.concat([
      next(20) === 0 ? Buffer.alloc(0) : PREFACE,
      mutated([bytes.subarray(PREFACE.length)], PIECES, next),
    ]);
  },
  check: (input, next) => {
    assert.deepEqual(story(pieces(input, next)), story([Buffer.from(input)]));
  },
};
