import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it, test } from "node:test";
import { Backlog } from "../../../../src/http/mod.ts";
import { ErrorCode, FrameType, Setting } from "../../../../src/http/h2/frame.ts";
import { type FieldLines, type H2Request, type H2Stream, ServerSession } from "../../../../src/http/h2/mod.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const literal = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

const GET = Buffer.concat([Buffer.from([0x82, 0x84, 0x87]), literal(":authority", "a.example")]);
const POST = Buffer.concat([Buffer.from([0x83, 0x84, 0x87]), literal(":authority", "a.example")]);
const SETTINGS = frame(FrameType.settings, 0, 0);
const setting = (id: number, value: number): Buffer =>
  frame(FrameType.settings, 0, 0, Buffer.concat([Buffer.from([0, id]), uint32(value)]));

interface Sent {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
}

/** A session, what it told its owner, and the frames that it sent. */
class Peer {
  readonly events: string[] = [];
  readonly streams = new Map<number, H2Stream<null>>();
  readonly requests: H2Request[] = [];
  readonly #written: Uint8Array[] = [];
  full = false;
  nowMs = 0;
  readonly session: ServerSession<null>;

  constructor(limits: { streams?: number; requests?: number; window?: number; backlog?: Backlog } = {}) {
    this.session = new ServerSession<null>(
      {
        maxConcurrentStreams: limits.streams ?? 8,
        maxHeaderListBytes: 4096,
        streamWindowBytes: limits.window ?? 1000,
        maxRequests: limits.requests ?? 1000,
      },
      {
        write: (bytes) => {
          this.#written.push(bytes);
          return !this.full;
        },
        request: (stream, request, ended) => {
          this.streams.set(stream.id, stream);
          this.requests.push(request);
          this.events.push(`request ${stream.id} ${request.method} ${request.path}${ended ? " ended" : ""}`);
        },
        oversized: (stream) => this.events.push(`oversized ${stream.id}`),
        data: (stream, chunk) => this.events.push(`data ${stream.id} ${chunk.length}`),
        end: (stream, trailers) =>
          this.events.push(`end ${stream.id}${trailers ? ` ${trailers.map((t) => t.name).join()}` : ""}`),
        reset: (stream, code) => this.events.push(`reset ${stream.id} ${code}`),
        received: () => {},
        drain: (stream) => this.events.push(`drain ${stream.id}`),
        finished: (stream) => this.events.push(`finished ${stream.id}`),
        close: (code, message) => this.events.push(`close ${code}${message ? `: ${message}` : ""}`),
      },
      { schedule: (flush) => queueMicrotask(flush), nowMs: () => this.nowMs, backlog: limits.backlog ?? new Backlog() },
    );
    this.session.receive(PREFACE);
    this.session.receive(SETTINGS);
    this.sent();
  }

  receive(...frames: Uint8Array[]): void {
    this.session.receive(Buffer.concat(frames));
  }

  /** Frames since the last call. */
  sent(): Sent[] {
    this.session.flush();
    const frames: Sent[] = [];
    let rest = Buffer.concat(this.#written.splice(0));
    while (rest.length > 0) {
      const length = rest.readUIntBE(0, 3);
      frames.push({
        type: rest[3]!,
        flags: rest[4]!,
        streamId: rest.readUInt32BE(5),
        payload: rest.subarray(9, 9 + length),
      });
      rest = rest.subarray(9 + length);
    }
    return frames;
  }

  respond(id: number, fields: FieldLines = []): H2Stream<null> {
    const stream = this.streams.get(id)!;
    this.session.respond(stream, 200, fields, false);
    return stream;
  }
}

const names = (frames: Sent[]): string[] =>
  frames.map((f) =>
    `${
      Object.keys(FrameType).find((k) => FrameType[k as keyof typeof FrameType] === f.type)
    } ${f.streamId} ${f.payload.length} ${f.flags}`
  );

test("a request without a body and its answer end the stream", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 5, 1, GET));
  const stream = peer.respond(1, ["Content-Length", "2"]);
  peer.session.send(stream, Buffer.from("ok"));
  peer.session.end(stream);
  assert.deepEqual(peer.events, ["request 1 GET / ended", "finished 1"]);
  assert.deepEqual(names(peer.sent()), ["headers 1 5 4", "data 1 2 0", "data 1 0 1"]);
  assert.equal(peer.session.activeStreams, 0);
});

test("the same events come however the bytes are split", () => {
  const bytes = Buffer.concat([
    frame(FrameType.headers, 4, 1, POST),
    frame(FrameType.data, 8, 1, Buffer.concat([Buffer.from([3]), Buffer.from("hello"), Buffer.alloc(3)])),
    frame(FrameType.headers, 5, 1, literal("x-sum", "1")),
    frame(FrameType.headers, 1, 3, GET.subarray(0, 2)),
    frame(FrameType.continuation, 4, 3, GET.subarray(2)),
  ]);
  const joined = (events: string[]): string[] => {
    let received = 0;
    const rest: string[] = [];
    for (const event of events) {
      if (event.startsWith("data 1 ")) received += Number(event.slice(7));
      else rest.push(event);
    }
    return [...rest, `received ${received}`];
  };
  const wanted = ["request 1 POST /", "end 1 x-sum", "request 3 GET / ended", "received 5"];
  for (let size = 1; size <= bytes.length; size++) {
    const peer = new Peer();
    for (let at = 0; at < bytes.length; at += size) peer.session.receive(bytes.subarray(at, at + size));
    assert.deepEqual(joined(peer.events), wanted, `in pieces of ${size}`);
  }
});

test("cookie crumbs are joined, host is taken for a missing :authority", () => {
  const peer = new Peer();
  peer.receive(frame(
    FrameType.headers,
    5,
    1,
    Buffer.concat([
      Buffer.from([0x82, 0x84, 0x87]),
      literal("host", "b.example"),
      literal("cookie", "a=1"),
      literal("x", "y"),
      literal("cookie", "b=2"),
    ]),
  ));
  const [request] = peer.requests;
  assert.equal(request!.authority, "b.example");
  assert.deepEqual(request!.fields.map((f) => [f.name, f.value]), [["cookie", "a=1; b=2"], ["x", "y"]]);
});

const malformed: [name: string, block: Buffer][] = [
  ["without :path", Buffer.concat([Buffer.from([0x82, 0x87])])],
  ["with a repeated :method", Buffer.concat([Buffer.from([0x82]), GET])],
  ["with a pseudo-field behind a field", Buffer.concat([literal("x", "y"), GET])],
  ["with an unknown pseudo-field", Buffer.concat([GET.subarray(0, 3), literal(":x", "y")])],
  ["with a connection field", Buffer.concat([GET, literal("connection", "close")])],
  ["with an upper-case name", Buffer.concat([GET, literal("X", "y")])],
  ["with te: gzip", Buffer.concat([GET, literal("te", "gzip")])],
  ["with two hosts that differ", Buffer.concat([GET, literal("host", "b.example")])],
  ["with a blank in the path", Buffer.concat([Buffer.from([0x82, 0x87]), literal(":path", "/a b")])],
  ["with a relative path", Buffer.concat([Buffer.from([0x82, 0x87]), literal(":path", "a")])],
  ["with CONNECT", Buffer.concat([literal(":method", "CONNECT"), literal(":authority", "a")])],
  ["with a length but no body", Buffer.concat([GET, literal("content-length", "1")])],
  ["with two lengths", Buffer.concat([GET, literal("content-length", "0"), literal("content-length", "0")])],
];
for (const [name, block] of malformed) {
  test(`a request ${name} is reset, and the next one is served`, () => {
    const peer = new Peer();
    peer.receive(frame(FrameType.headers, 5, 1, block), frame(FrameType.headers, 5, 3, GET));
    assert.deepEqual(peer.events, ["request 3 GET / ended"]);
    const [reset] = peer.sent();
    assert.equal(reset!.type, FrameType.rstStream);
    assert.equal(reset!.payload.readUInt32BE(0), ErrorCode.protocolError);
  });
}

const violations: [name: string, code: number, frames: Buffer[]][] = [
  ["DATA on stream 0", ErrorCode.protocolError, [frame(FrameType.data, 0, 0)]],
  ["DATA on an idle stream", ErrorCode.protocolError, [frame(FrameType.data, 0, 1)]],
  ["HEADERS on an even stream", ErrorCode.protocolError, [frame(FrameType.headers, 5, 2, GET)]],
  ["a header block that is interrupted", ErrorCode.protocolError, [
    frame(FrameType.headers, 1, 1, GET),
    frame(FrameType.ping, 0, 0, Buffer.alloc(8)),
  ]],
  ["CONTINUATION out of place", ErrorCode.protocolError, [frame(FrameType.continuation, 4, 1, GET)]],
  ["a broken header block", ErrorCode.compressionError, [frame(FrameType.headers, 5, 1, Buffer.from([0x80]))]],
  ["a frame that is too large", ErrorCode.frameSizeError, [Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 1])]],
  ["a WINDOW_UPDATE by 0", ErrorCode.protocolError, [frame(FrameType.windowUpdate, 0, 0, uint32(0))]],
  ["a window that overflows", ErrorCode.flowControlError, [frame(FrameType.windowUpdate, 0, 0, uint32(0x7fffffff))]],
  ["an initial window over 2^31 - 1", ErrorCode.flowControlError, [setting(Setting.initialWindowSize, 0x80000000)]],
  ["a frame size under 16384", ErrorCode.protocolError, [setting(Setting.maxFrameSize, 100)]],
  ["a short PING", ErrorCode.frameSizeError, [frame(FrameType.ping, 0, 0, Buffer.alloc(7))]],
  ["PUSH_PROMISE", ErrorCode.protocolError, [frame(FrameType.pushPromise, 4, 1, Buffer.alloc(4))]],
  ["a short PRIORITY", ErrorCode.frameSizeError, [frame(FrameType.priority, 0, 1, Buffer.alloc(4))]],
  ["PRIORITY on itself", ErrorCode.protocolError, [frame(FrameType.priority, 0, 1, Buffer.from([0, 0, 0, 1, 9]))]],
  ["HEADERS that depend on themselves", ErrorCode.protocolError, [
    frame(FrameType.headers, 0x25, 1, Buffer.concat([Buffer.from([0x80, 0, 0, 1, 9]), GET])),
  ]],
  ["HEADERS on a stream that the client has reset", ErrorCode.streamClosed, [
    frame(FrameType.headers, 4, 1, POST),
    frame(FrameType.rstStream, 0, 1, uint32(8)),
    frame(FrameType.headers, 5, 1, literal("x-sum", "1")),
  ]],
  ["HEADERS on a stream that was left out", ErrorCode.streamClosed, [
    frame(FrameType.headers, 5, 5, GET),
    frame(FrameType.headers, 5, 3, GET),
  ]],
  ["HEADERS behind the end of a stream", ErrorCode.streamClosed, [
    frame(FrameType.headers, 5, 1, GET),
    frame(FrameType.headers, 5, 1, GET),
  ]],
  ["RST_STREAM on an idle stream", ErrorCode.protocolError, [frame(FrameType.rstStream, 0, 1, uint32(8))]],
  ["more DATA than the window", ErrorCode.flowControlError, [
    frame(FrameType.headers, 4, 1, POST),
    frame(FrameType.data, 0, 1, Buffer.alloc(1001)),
  ]],
  ["padding longer than the frame", ErrorCode.protocolError, [
    frame(FrameType.headers, 4, 1, POST),
    frame(FrameType.data, 8, 1, Buffer.from([9, 1])),
  ]],
];
for (const [name, code, frames] of violations) {
  test(`${name} ends the connection with GOAWAY`, () => {
    const peer = new Peer();
    peer.receive(...frames);
    const goaway = peer.sent().at(-1)!;
    assert.equal(goaway.type, FrameType.goaway);
    assert.equal(goaway.payload.readUInt32BE(4), code);
    assert.match(peer.events.at(-1)!, new RegExp(`^close ${code}: `));
    assert.equal(peer.session.over, true);
  });
}

const floods: [name: string, make: (i: number) => Buffer[]][] = [
  ["PING", () => [frame(FrameType.ping, 0, 0, Buffer.alloc(8))]],
  ["SETTINGS", () => [SETTINGS]],
  ["settings", () => [frame(FrameType.settings, 0, 0, Buffer.alloc(6 * 500))]],
  ["PRIORITY", () => [frame(FrameType.priority, 0, 1, Buffer.alloc(5))]],
  ["empty DATA", (i) => [...(i === 0 ? [frame(FrameType.headers, 4, 1, POST)] : []), frame(FrameType.data, 0, 1)]],
  ["rapid resets", (i) => [
    frame(FrameType.headers, 5, 2 * i + 1, GET),
    frame(FrameType.rstStream, 0, 2 * i + 1, uint32(8)),
  ]],
  ["refused streams", (i) => [frame(FrameType.headers, 5, 2 * i + 1, GET)]],
  ["malformed requests", (i) => [frame(FrameType.headers, 5, 2 * i + 1, Buffer.from([0x82]))]],
  ["CONTINUATION frames", (i) => [
    i === 0 ? frame(FrameType.headers, 1, 1, GET) : frame(FrameType.continuation, 0, 1, literal("x", "y")),
  ]],
];
for (const [name, make] of floods) {
  test(`a flood of ${name} is answered by ENHANCE_YOUR_CALM`, () => {
    const peer = new Peer();
    for (let i = 0; i < 2000 && !peer.session.over; i++) peer.receive(...make(i));
    assert.match(peer.events.at(-1)!, new RegExp(`^close ${ErrorCode.enhanceYourCalm}: `));
  });
}

test("clients may give requests up again and again, a few at a time", () => {
  const peer = new Peer({ requests: 10_000 });
  for (let i = 0; i < 2000; i++) {
    peer.nowMs += 25;
    peer.receive(frame(FrameType.headers, 5, 2 * i + 1, GET), frame(FrameType.rstStream, 0, 2 * i + 1, uint32(8)));
  }
  assert.equal(peer.session.over, false);
});

test("DATA on a stream that the client has ended is refused, and nothing else is", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 4, 1, POST), frame(FrameType.rstStream, 0, 1, uint32(8)));
  peer.receive(frame(FrameType.data, 1, 1, Buffer.from("x")), frame(FrameType.headers, 5, 3, GET));
  const [reset] = peer.sent();
  assert.equal(reset!.type, FrameType.rstStream);
  assert.equal(reset!.payload.readUInt32BE(0), ErrorCode.streamClosed);
  assert.equal(peer.events.at(-1), "request 3 GET / ended");
});

describe("on a stream that was given up here", () => {
  /** A stream whose client has 900 bytes of its window left, and does not know yet. */
  function givenUp(): Peer {
    const peer = new Peer();
    peer.receive(frame(FrameType.headers, 4, 1, POST), frame(FrameType.data, 0, 1, Buffer.alloc(100)));
    peer.session.reset(peer.streams.get(1)!, ErrorCode.internalError);
    return peer;
  }

  it("what was on its way is passed over, as far as the window went", () => {
    const peer = givenUp();
    for (let i = 0; i < 9; i++) peer.receive(frame(FrameType.data, 0, 1, Buffer.alloc(100)));
    peer.receive(frame(FrameType.windowUpdate, 0, 1, uint32(5)), frame(FrameType.headers, 5, 1, literal("x-sum", "1")));
    peer.receive(frame(FrameType.headers, 5, 3, GET));
    assert.equal(peer.events.at(-1), "request 3 GET / ended");
    assert.deepEqual(names(peer.sent()), ["rstStream 1 4 0"]);
  });

  it("more than that ends the connection", () => {
    const peer = givenUp();
    peer.receive(frame(FrameType.data, 0, 1, Buffer.alloc(901)));
    assert.match(peer.events.at(-1)!, new RegExp(`^close ${ErrorCode.flowControlError}: `));
  });

  it("empty frames without end do, too", () => {
    const peer = givenUp();
    for (let i = 0; i < 2000 && !peer.session.over; i++) peer.receive(frame(FrameType.data, 0, 1));
    assert.match(peer.events.at(-1)!, new RegExp(`^close ${ErrorCode.enhanceYourCalm}: `));
  });

  it("nothing may come behind its end", () => {
    const peer = givenUp();
    peer.receive(frame(FrameType.data, 1, 1), frame(FrameType.headers, 5, 1, literal("x-sum", "1")));
    assert.match(peer.events.at(-1)!, new RegExp(`^close ${ErrorCode.streamClosed}: `));
  });

  it("nothing ends the connection once others have been given up since", () => {
    const peer = givenUp();
    for (let i = 0; i < 400; i++) {
      peer.nowMs += 1000;
      peer.receive(frame(FrameType.headers, 4, 2 * i + 3, POST));
      peer.session.reset(peer.streams.get(2 * i + 3)!, ErrorCode.internalError);
    }
    peer.receive(frame(FrameType.data, 0, 1, Buffer.alloc(10)), frame(FrameType.headers, 5, 1, literal("x-sum", "1")));
    assert.equal(peer.session.over, false);
  });
});

test("a header list over the limit asks the owner for an answer", () => {
  const peer = new Peer();
  const big = Buffer.concat([Buffer.from([0, 1, 0x78, 0x7f, 0x81, 0x1f]), Buffer.alloc(4096, "y")]);
  peer.receive(frame(FrameType.headers, 5, 1, Buffer.concat([GET, big])));
  assert.deepEqual(peer.events, ["oversized 1"]);
});

test("a body that is not what Content-Length said resets the stream", () => {
  for (const [said, sent] of [["3", 2], ["1", 2]] as const) {
    const peer = new Peer();
    peer.receive(
      frame(FrameType.headers, 4, 1, Buffer.concat([POST, literal("content-length", said)])),
      frame(FrameType.data, 1, 1, Buffer.alloc(sent)),
    );
    assert.equal(peer.events.at(-1), `reset 1 ${ErrorCode.protocolError}`);
  }
});

test("the window of a stream is given back once half of it is used up", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 4, 1, POST), frame(FrameType.data, 0, 1, Buffer.alloc(700)));
  const stream = peer.streams.get(1)!;
  peer.session.consumed(stream, 400);
  assert.deepEqual(names(peer.sent()), []);
  peer.session.consumed(stream, 300);
  assert.deepEqual(names(peer.sent()), ["windowUpdate 1 4 0"]);
  assert.equal(stream.receiveWindow, 1000);
});

describe("when more waits for all clients than the process is to hold", () => {
  const get = (id: number): Buffer => frame(FrameType.headers, 5, id, GET);
  const settled = (): Promise<void> => Promise.resolve();

  it("streams of a connection that holds much are given up, and what they held is free again", async () => {
    const backlog = new Backlog(1500, 500);
    const peer = new Peer({ backlog });
    peer.receive(setting(Setting.initialWindowSize, 0), get(1), get(3));
    for (const id of [1, 3]) peer.session.send(peer.respond(id), new Uint8Array(1000));
    await settled();
    assert.deepEqual(peer.events.slice(2), [`reset 3 ${ErrorCode.enhanceYourCalm}`]);
    assert.ok(names(peer.sent()).includes("rstStream 3 4 0"));
    assert.equal(backlog.bytes, 1000);
    peer.receive(frame(FrameType.windowUpdate, 0, 1, uint32(600)));
    assert.equal(backlog.bytes, 400);
    peer.session.disconnected();
    assert.equal(backlog.bytes, 0);
  });

  it("a connection that holds little is spared", async () => {
    const backlog = new Backlog(1500, 500);
    backlog.add(2000);
    const peer = new Peer({ backlog });
    peer.receive(setting(Setting.initialWindowSize, 0), get(1));
    peer.session.send(peer.respond(1), new Uint8Array(500));
    await settled();
    assert.deepEqual(peer.events.slice(1), []);
  });
});

test("sending stops at the window of the stream and goes on with WINDOW_UPDATE", () => {
  const peer = new Peer();
  peer.receive(setting(Setting.initialWindowSize, 10), frame(FrameType.headers, 5, 1, GET));
  const stream = peer.respond(1);
  peer.sent();
  assert.equal(peer.session.send(stream, Buffer.alloc(25)), false);
  assert.deepEqual(names(peer.sent()), ["data 1 10 0"]);
  peer.receive(frame(FrameType.windowUpdate, 0, 1, uint32(10)));
  assert.deepEqual(names(peer.sent()), ["data 1 10 0"]);
  peer.receive(frame(FrameType.windowUpdate, 0, 1, uint32(100)));
  assert.equal(peer.events.at(-1), "drain 1");
  peer.session.end(stream, ["Grpc-Status", "0"]);
  assert.deepEqual(names(peer.sent()), ["data 1 5 0", `headers 1 ${2 + 11 + 2} 5`]);
  assert.equal(peer.events.at(-1), "finished 1");
});

test("a full socket holds bodies back and lets them go on when it drains", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 5, 1, GET));
  const stream = peer.respond(1);
  peer.full = true;
  peer.session.flush();
  assert.equal(peer.session.send(stream, Buffer.alloc(5)), false);
  peer.session.end(stream);
  assert.deepEqual(names(peer.sent()), ["headers 1 1 4"]);
  peer.full = false;
  peer.session.drained();
  assert.deepEqual(names(peer.sent()), ["data 1 5 0", "data 1 0 1"]);
  assert.equal(peer.events.at(-1), "finished 1");
});

test("the end of a response is not forgotten when the request ends while the socket is full", () => {
  const peer = new Peer();
  peer.receive(setting(Setting.initialWindowSize, 10), frame(FrameType.headers, 4, 1, POST));
  const stream = peer.respond(1);
  peer.sent();
  peer.session.send(stream, Buffer.alloc(5000));
  peer.session.end(stream);
  peer.sent();
  peer.full = true;
  peer.receive(
    frame(FrameType.ping, 0, 0, Buffer.alloc(8)),
    frame(FrameType.windowUpdate, 0, 1, uint32(10_000)),
    frame(FrameType.data, 1, 1),
  );
  peer.full = false;
  peer.session.drained();
  assert.deepEqual(names(peer.sent()), ["ping 0 8 1", "data 1 4990 0", "data 1 0 1"]);
  assert.deepEqual(peer.events, ["request 1 POST /", "end 1", "finished 1"]);
});

test("a peer that keeps asking without reading the answers is let go", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 4, 1, POST));
  const stream = peer.streams.get(1)!;
  peer.full = true;
  const ping = frame(FrameType.ping, 0, 0, Buffer.alloc(8));
  const round = Buffer.concat([frame(FrameType.data, 0, 1, Buffer.alloc(1)), ping, ping, ping]);
  let rounds = 0;
  while (!peer.session.over && ++rounds < 100_000) {
    peer.receive(round);
    peer.session.consumed(stream, 1);
  }
  assert.equal(peer.events.at(-1), `close ${ErrorCode.enhanceYourCalm}: what was sent is not read`);
  assert.ok(rounds < 30_000, `${rounds} rounds`);
});

test("an answer that is complete before the request asks the client to stop", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 4, 1, POST));
  const stream = peer.streams.get(1)!;
  peer.session.respond(stream, 413, [], true);
  const [, reset] = peer.sent();
  assert.equal(reset!.payload.readUInt32BE(0), ErrorCode.noError);
  peer.receive(frame(FrameType.data, 1, 1, Buffer.alloc(10)));
  assert.deepEqual(peer.events, ["request 1 POST /", "finished 1"]);
});

const answerToShutdown = frame(FrameType.ping, 1, 0, Buffer.from("shutdown"));

test("shutdown() serves what was on its way, then lets the streams at hand end", async () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 5, 1, GET));
  peer.session.shutdown();
  peer.receive(frame(FrameType.headers, 5, 3, GET));
  const [announced, ping] = peer.sent();
  assert.equal(announced!.payload.readUInt32BE(0), 0x7fffffff);
  assert.equal(ping!.type, FrameType.ping);
  peer.receive(answerToShutdown);
  assert.equal(peer.sent()[0]!.payload.readUInt32BE(0), 3);
  peer.receive(frame(FrameType.headers, 5, 5, GET));
  peer.session.end(peer.respond(1));
  assert.equal(peer.session.over, false);
  peer.session.end(peer.respond(3));
  assert.deepEqual(peer.events, ["request 1 GET / ended", "request 3 GET / ended", "finished 1", "finished 3"]);
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  assert.equal(peer.events.at(-1), "close 0");
});

test("requests behind the end that was announced are passed over, bodies and all; those at hand go on", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 5, 1, GET));
  peer.session.shutdown();
  peer.receive(answerToShutdown);
  peer.receive(
    frame(FrameType.headers, 4, 3, POST),
    frame(FrameType.data, 0, 3, Buffer.alloc(500)),
    frame(FrameType.windowUpdate, 0, 3, uint32(10)),
    frame(FrameType.rstStream, 0, 3, uint32(8)),
  );
  assert.deepEqual(peer.events, ["request 1 GET / ended"]);
  peer.session.end(peer.respond(1));
  assert.equal(peer.events.at(-1), "finished 1");
});

test("a GOAWAY for an error does not name a later stream than the one before it", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 5, 1, GET));
  peer.session.shutdown();
  peer.receive(answerToShutdown, frame(FrameType.headers, 4, 3, POST), frame(FrameType.data, 0, 0));
  assert.deepEqual(
    peer.sent().filter((f) => f.type === FrameType.goaway).map((f) => f.payload.readUInt32BE(0)),
    [0x7fffffff, 1, 1],
  );
});

test("an idle connection ends when the client has answered the announcement", async () => {
  const peer = new Peer();
  peer.session.shutdown();
  peer.receive(answerToShutdown);
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  assert.deepEqual(peer.events, ["close 0"]);
});

test("after maxRequests the end is announced; a client that does not listen gets a few more streams", () => {
  const peer = new Peer({ requests: 2, streams: 3 });
  for (let i = 0; i < 10; i++) {
    peer.receive(frame(FrameType.headers, 5, 2 * i + 1, GET));
    const stream = peer.streams.get(2 * i + 1);
    if (stream !== undefined) peer.session.end(peer.respond(stream.id));
  }
  assert.equal(peer.requests.length, 2 + 3);
});

test("a client's GOAWAY ends the connection with the last stream", async () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 5, 1, GET), frame(FrameType.goaway, 0, 0, Buffer.alloc(8)));
  peer.session.end(peer.respond(1));
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  assert.equal(peer.events.at(-1), "close 0");
});

test("a large response head goes out in fragments", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 5, 1, GET));
  peer.respond(1, ["x-a", "v".repeat(20_000)]);
  const frames = peer.sent();
  assert.deepEqual(frames.map((f) => [f.type, f.flags]), [[FrameType.headers, 0], [FrameType.continuation, 4]]);
});

test("disconnected() tells the open streams", () => {
  const peer = new Peer();
  peer.receive(frame(FrameType.headers, 4, 1, POST));
  peer.session.disconnected();
  assert.deepEqual(peer.events, ["request 1 POST /", `reset 1 ${ErrorCode.cancel}`]);
});
