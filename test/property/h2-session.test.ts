/**
 * Whatever frames a peer sends, in whatever pieces, and whatever its owner does in between: a session neither throws nor
 * hangs, keeps to the windows and the order of frames, and tells the same however the bytes are split.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { type H2Stream, ServerSession } from "../../src/http/h2/mod.ts";
import { block, frame, request, Type, uint32 } from "../support/h2-client.ts";
import { type Random, random } from "../support/random.ts";

const LIMITS = { maxConcurrentStreams: 5, maxHeaderListBytes: 2048, streamWindowBytes: 300, maxRequests: 30 };
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Streams of the peer, and whether it may still send on them. */
interface Peer {
  next: number;
  readonly open: number[];
  readonly all: number[];
}

/** A frame that is nearly always right. */
function anyFrame(pick: Random, peer: Peer): Buffer {
  const start = (): number => {
    const id = peer.next;
    peer.next += pick.of([2, 2, 2, 4]);
    peer.all.push(id);
    return id;
  };
  const drop = (id: number): number => {
    const at = peer.open.indexOf(id);
    if (at >= 0) peer.open.splice(at, 1);
    return id;
  };
  // a stream that was never begun ends the connection, so that is rare
  const any = (): number => peer.all.length === 0 || pick(1500) === 0 ? peer.next + 2 * pick(2) : pick.of(peer.all);
  const open = (): number => peer.open.length === 0 || pick(100) === 0 ? any() : pick.of(peer.open);
  switch (pick(24)) {
    case 0:
    case 1:
    case 2:
      return frame(Type.headers, 5, start(), request("/x"));
    case 3:
    case 4:
    case 5: {
      const fields = pick.of([[], [], [["content-length", String(pick(200))]], [["cookie", "a=b"], ["cookie", "c=d"]]]);
      const id = start();
      peer.open.push(id);
      return frame(Type.headers, 4, id, request("/x", { method: "POST", fields: fields as [string, string][] }));
    }
    case 6: {
      const whole = request("/y", { fields: pick.of([[], [["x-large", "l".repeat(3000)]]]) as [string, string][] });
      const at = pick(whole.length);
      const id = start();
      return Buffer.concat([
        frame(Type.headers, 1, id, whole.subarray(0, at)),
        frame(Type.continuation, pick(100) === 0 ? 0 : 4, id, whole.subarray(at)),
      ]);
    }
    case 7:
    case 8:
    case 9:
      return frame(Type.data, 0, open(), Buffer.alloc(pick.of([0, 1, 20, 60])));
    case 10:
      return frame(Type.data, 8, open(), Buffer.concat([Buffer.from([pick(12)]), Buffer.alloc(12)]));
    case 11:
      return frame(Type.data, 1, drop(open()), Buffer.alloc(pick(30)));
    case 12:
      return frame(Type.headers, 5, drop(open()), block([[pick.of(["x-trailer", "x-trailer", ":path"]), "1"]]));
    case 13:
      return frame(Type.reset, 0, drop(any()), uint32(pick(14)));
    case 14:
    case 15:
    case 16:
      return frame(Type.window, 0, pick.of([0, any()]), uint32(pick.of([1, 50, 1000, 70_000])));
    case 17:
      return frame(Type.ping, pick(2), 0, Buffer.alloc(8, pick(256)));
    case 18:
    case 19: {
      const [id, value] = pick.of([[4, 0], [4, 10], [4, 100], [4, 65_535], [4, 1 << 20], [1, 0], [9, 7]] as const);
      return frame(Type.settings, 0, 0, Buffer.concat([Buffer.from([0, id]), uint32(value)]));
    }
    case 20:
      return frame(Type.priority, 0, any(), Buffer.alloc(5));
    case 21:
      if (pick(15) > 0) return frame(20 + pick(200), pick(256), pick(12), Buffer.alloc(pick(30)));
      return frame(pick(12), pick(256), pick(12), Buffer.from(Array.from({ length: pick(30) }, () => pick(256))));
    case 22:
      return pick(60) === 0 ? frame(Type.goaway, 0, 0, Buffer.alloc(8)) : frame(Type.settings, 1, 0);
    default:
      return Buffer.concat([frame(Type.window, 0, 0, uint32(1000)), frame(Type.window, 0, any(), uint32(1000))]);
  }
}

/** What went out on a stream. */
interface Sent {
  head: boolean;
  over: boolean;
  bytes: number;
}

/** Checks what a session sends against the rules and the windows that its peer gave. */
class Checker {
  readonly streams = new Map<number, Sent>();
  /** Upper bounds: settings and updates count from when they were sent, which is never later than when they are read. */
  connectionRoom = 65_535;
  largestInitial = 65_535;
  readonly updates = new Map<number, number>();
  #rest: Buffer = Buffer.alloc(0);
  #over = false;

  /** The peer is about to send these bytes. */
  granted(bytes: Buffer): void {
    for (let at = 0; at + 9 <= bytes.length;) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + 9 + length;
      const id = bytes.readUInt32BE(at + 5) & 0x7fffffff;
      if (bytes[at + 3] === Type.window && length === 4) {
        const by = bytes.readUInt32BE(at + 9) & 0x7fffffff;
        if (id === 0) this.connectionRoom += by;
        else this.updates.set(id, (this.updates.get(id) ?? 0) + by);
      } else if (bytes[at + 3] === Type.settings) {
        for (let i = at + 9; i + 6 <= Math.min(end, bytes.length); i += 6) {
          if (bytes.readUInt16BE(i) === 4) {
            this.largestInitial = Math.max(this.largestInitial, bytes.readUInt32BE(i + 2));
          }
        }
      }
      at = end;
    }
  }

  received(bytes: Uint8Array): void {
    let rest: Buffer = Buffer.concat([this.#rest, bytes]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const length = rest.readUIntBE(0, 3);
      this.#frame(rest[3]!, rest[4]!, rest.readUInt32BE(5), length);
      rest = rest.subarray(9 + length);
    }
    this.#rest = rest;
  }

  #frame(type: number, flags: number, id: number, length: number): void {
    assert.ok(length <= 16_384, "a frame is larger than the peer allows");
    if (type === Type.goaway) return void (this.#over ||= true);
    if (id === 0) return assert.ok(type === Type.settings || type === Type.ping || type === Type.window);
    if (type === Type.window) return;
    const stream = this.streams.get(id) ?? { head: false, over: false, bytes: 0 };
    this.streams.set(id, stream);
    if (type === Type.reset) return void (stream.over = true);
    assert.equal(stream.over, false, `a frame of type ${type} behind the end of stream ${id}`);
    if (type === Type.headers) stream.head = true;
    if (type === Type.data) {
      assert.equal(stream.head, true, "DATA before HEADERS");
      stream.bytes += length;
      this.connectionRoom -= length;
      assert.ok(this.connectionRoom >= 0, "the window of the connection is kept");
      assert.ok(stream.bytes <= this.largestInitial + (this.updates.get(id) ?? 0), "the window of the stream is kept");
    }
    if ((flags & 1) !== 0 && (type === Type.data || type === Type.headers)) stream.over = true;
  }
}

/** Runs a session on frames; the owner acts by `pick` when `acts`, after each piece. Returns what it was told. */
function run(pieces: readonly Buffer[], pick: Random, acts: boolean, check: Checker): string[] {
  const told: string[] = [];
  const live = new Set<H2Stream<null>>();
  let full = false;
  const session: ServerSession<null> = new ServerSession<null>(LIMITS, {
    write: (bytes) => {
      check.received(bytes);
      return !full;
    },
    request: (stream, { method, path }, ended) => {
      live.add(stream);
      told.push(`request ${stream.id} ${method} ${path} ${ended}`);
    },
    oversized: (stream) => {
      live.add(stream);
      told.push(`oversized ${stream.id}`);
    },
    data: (stream, chunk) => {
      const last = told.at(-1)?.split(" ");
      // bytes of one frame may come in pieces
      if (last?.[0] === "data" && last[1] === String(stream.id)) {
        told[told.length - 1] = `data ${stream.id} ${Number(last[2]) + chunk.length}`;
      } else told.push(`data ${stream.id} ${chunk.length}`);
    },
    end: (stream, trailers) => told.push(`end ${stream.id} ${trailers?.length ?? 0}`),
    reset: (stream, code) => {
      assert.ok(live.delete(stream), "reset of a stream that is not there");
      told.push(`reset ${stream.id} ${code}`);
    },
    received: () => {},
    drain: (stream) => assert.ok(live.has(stream)),
    finished: (stream) => {
      assert.ok(live.delete(stream), "end of a stream that is not there");
      if (!acts) told.push(`finished ${stream.id}`);
    },
    close: (code) => told.push(`close ${code}`),
  }, { schedule: () => {} });
  for (const piece of pieces) {
    session.receive(piece);
    assert.ok(session.activeStreams <= LIMITS.maxConcurrentStreams);
    if (!session.over) assert.equal(session.activeStreams, live.size);
    if (!acts) continue;
    for (const stream of [...live]) {
      switch (pick(8)) {
        case 0:
          session.respond(stream, 200, ["x-a", "b".repeat(pick(40))], pick(3) === 0);
          break;
        case 1:
          if (stream.responded) session.send(stream, Buffer.alloc(pick.of([0, 1, 90, 5000])));
          break;
        case 2:
          if (stream.responded) session.end(stream, pick.of([null, ["x-t", "1"]]));
          break;
        case 3:
          session.consumed(stream, pick(40));
          break;
        case 4:
          if (pick(6) === 0) {
            session.reset(stream, 2);
            live.delete(stream);
          }
          break;
        case 5:
          session.inform(stream, 103, ["link", "a"]);
      }
    }
    if (pick(6) === 0) full = !full;
    if (!full) session.drained();
    if (pick(300) === 0) session.shutdown();
    session.flush();
  }
  session.disconnected();
  assert.equal(live.size, 0, "every stream is told of its end");
  // of a body that is longer than it was said to be, more or less may have been handed on
  return told.filter((t) => !/^data (\d+)/.test(t) || !told.includes(`reset ${t.split(" ")[1]} 1`));
}

function frames(pick: Random, count: number): Buffer[] {
  const peer: Peer = { next: 3, open: [1], all: [1] };
  const first = frame(Type.headers, 4, 1, request("/first", { method: "POST" }));
  return [first, ...Array.from({ length: count }, () => anyFrame(pick, peer))];
}

test("any frames, any owner: no throw, no frame out of order, no byte beyond a window", () => {
  for (let seed = 0; seed < 400; seed++) {
    const pick = random(seed);
    const check = new Checker();
    const all = [PREFACE, frame(Type.settings, 0, 0), ...frames(pick, 60)];
    check.granted(Buffer.concat(all.slice(1)));
    try {
      run(all, pick, true, check);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
});

test("what is told does not depend on how the bytes are split", () => {
  for (let seed = 0; seed < 150; seed++) {
    const pick = random(1_000_000 + seed);
    const bytes = Buffer.concat([PREFACE, frame(Type.settings, 0, 0), ...frames(pick, 25)]);
    const whole = run([bytes], pick, false, new Checker());
    for (let round = 0; round < 4; round++) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = round === 0 ? 1 : 1 + pick(60);
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(run(pieces, pick, false, new Checker()), whole, `seed ${seed}`);
    }
  }
});

test("rubbish ends the connection, or is passed over", () => {
  for (let seed = 0; seed < 500; seed++) {
    const pick = random(2_000_000 + seed);
    const rubbish = Buffer.from(Array.from({ length: pick(400) }, () => pick(256)));
    const start = pick(3) === 0 ? [] : [PREFACE, frame(Type.settings, 0, 0)];
    run([...start, rubbish], pick, false, new Checker());
  }
});
