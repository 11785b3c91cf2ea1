import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { ManualClock } from "../../src/observe/mod.ts";
import { block, END_HEADERS, END_STREAM, frame, H2Client, request, Type, uint32 } from "../support/h2-client.ts";
import { Opened } from "../support/opened.ts";
import { openPair, type RawBackend, type TestFront, type TestFrontOptions } from "../support/wire.ts";

const PADDED = 8;
const PROTOCOL_ERROR = 1;

const opened = new Opened();

interface Trio {
  readonly one: H2Client;
  readonly front: TestFront;
  readonly back: RawBackend;
}

/** A backend that answers each request when all of its body has come. */
async function open(requestBuffering: boolean, options: TestFrontOptions = {}): Promise<Trio> {
  const { front, backend } = await openPair(opened, async (connection) => {
    for (let n = 1;; n++) {
      await connection.until(() => wholeRequests(connection.text).length >= n || connection.ended, `request ${n}`);
      if (connection.ended) return void connection.socket.end();
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  }, { settings: { requestBuffering }, ...options });
  return { one: opened.keep(await H2Client.open(front.port)), front, back: backend };
}

/** The requests, each with a length, that stand in `text` to their ends: method, target and body. */
function wholeRequests(text: string): string[] {
  const requests: string[] = [];
  for (let at = 0;;) {
    const head = text.slice(at).match(/^([A-Z]+ \S+) HTTP\/1\.1\r\n(?:.+\r\n)*?\r\n/);
    if (head === null) return requests;
    const end = at + head[0].length + Number(head[0].match(/^content-length: ([0-9]+)/mi)?.[1] ?? "0");
    if (end > text.length) return requests;
    requests.push(`${head[1]} ${text.slice(at + head[0].length, end)}`.trimEnd());
    at = end;
  }
}

function received(back: RawBackend): string[] {
  return back.connections.flatMap(({ text }) => wholeRequests(text));
}

function post(length: string, ...more: (readonly [string, string])[]): Buffer {
  return request("/first", { method: "POST", fields: [["content-length", length], ...more] });
}

/** A DATA frame with `padding` bytes behind its data. */
function padded(flags: number, data: string, padding: number): Buffer {
  return frame(
    Type.data,
    PADDED | flags,
    1,
    Buffer.from(`${String.fromCharCode(padding)}${data}${"\0".repeat(padding)}`, "latin1"),
  );
}

/** Has a later request answered: whatever the proxy was to do for the first one at once is done then. */
async function overtake(one: H2Client, stream: number): Promise<void> {
  one.send(frame(Type.headers, END_HEADERS | END_STREAM, stream, request(`/later${stream}`)));
  assert.equal((await one.body(stream)).toString(), "ok");
}

const EMPTY_END = frame(Type.data, END_STREAM, 1);

for (const requestBuffering of [true, false]) {
  describe(`the length of a request of HTTP/2 whose body is ${requestBuffering ? "read first" : "sent on"}`, () => {
    for (
      const [name, end] of [
        ["an empty DATA", EMPTY_END],
        ["a DATA of padding alone", padded(END_STREAM, "", 7)],
        ["a DATA with a padding of no bytes", padded(END_STREAM, "", 0)],
        ["padding, then an empty DATA", Buffer.concat([padded(0, "", 255), EMPTY_END])],
        ["an empty DATA without the end, then one with it", Buffer.concat([frame(Type.data, 0, 1), EMPTY_END])],
        ["trailers", frame(Type.headers, END_HEADERS | END_STREAM, 1, block([["x-end", "1"]]))],
        ["no trailers", frame(Type.headers, END_HEADERS | END_STREAM, 1)],
      ] as const
    ) {
      it(`is waited for when it is 0, and ends with ${name}`, async () => {
        const { one, back } = await open(requestBuffering);
        one.send(frame(Type.headers, END_HEADERS, 1, post("0")));
        await overtake(one, 3);
        assert.deepEqual(received(back), ["GET /later3"]);
        one.send(end);
        assert.equal((await one.body(1)).toString(), "ok");
        assert.deepEqual(received(back), ["GET /later3", "POST /first"]);
        assert.match(back.connections[0]!.text, /^content-length: 0\r$/mi);
      });

      it(`is waited for when it is reached, and ends with ${name}`, async () => {
        const { one, back } = await open(requestBuffering);
        one.send(frame(Type.headers, END_HEADERS, 1, post("5")), frame(Type.data, 0, 1, "he"), padded(0, "llo", 3));
        await overtake(one, 3);
        assert.deepEqual(received(back), ["GET /later3"]);
        one.send(end);
        assert.equal((await one.body(1)).toString(), "ok");
        assert.deepEqual(received(back).sort(), ["GET /later3", "POST /first hello"]);
      });
    }

    for (
      const [length, body] of [
        ["0", [frame(Type.data, 0, 1, "x")]],
        ["0", [frame(Type.data, END_STREAM, 1, "x")]],
        ["00", [frame(Type.data, END_STREAM, 1, "x")]],
        ["0", [frame(Type.data, 0, 1), padded(END_STREAM, "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 1)]],
        ["4", [frame(Type.data, 0, 1, "hell"), frame(Type.data, END_STREAM, 1, "o")]],
        ["4", [frame(Type.data, 0, 1, "hel"), padded(0, "lo", 9)]],
        ["4", [
          frame(Type.data, 0, 1, "h"),
          frame(Type.data, 0, 1, "ell"),
          padded(0, "", 1),
          frame(Type.data, 0, 1, "o"),
        ]],
        ["5000", [frame(Type.data, 0, 1, "x".repeat(5000)), frame(Type.data, 0, 1, "x")]],
        ["15000", [
          ...Array.from({ length: 3 }, () => frame(Type.data, 0, 1, "x".repeat(5000))),
          frame(Type.data, 0, 1, "x"),
        ]],
      ] as const
    ) {
      for (const together of [true, false]) {
        const told = `${body.map((f) => f.length - 9).join(", ")} bytes${together ? " at once" : ""}`;
        it(`is never ${length} for an upstream when ${told} come`, async () => {
          const { one, front, back } = await open(requestBuffering);
          const frames = [frame(Type.headers, END_HEADERS, 1, post(length)), ...body];
          if (together) one.send(...frames);
          else {
            for (const [i, each] of frames.entries()) {
              one.send(each);
              if (i < frames.length - 1) await overtake(one, 3 + 2 * i);
            }
          }
          assert.equal((await one.frame(Type.reset, 1)).payload.readUInt32BE(0), PROTOCOL_ERROR);
          await overtake(one, 99);
          for (const connection of back.connections) {
            // what was begun has been cut
            if (connection.text.includes("/first")) await connection.end();
          }
          assert.deepEqual(received(back).filter((each) => each.includes("first") || each.includes("smuggled")), []);
          assert.equal((await front.end(front.ended.findIndex(({ target }) => target === "/first"))).status, 499);
          if (Number(length) === 0) assert.ok(!back.connections.some(({ text }) => text.includes("first")));
        });
      }
    }

    it("keeps no answer that is made here", async () => {
      const { one } = await open(requestBuffering, { request: (exchange) => exchange.answer({ status: 403 }) });
      one.send(frame(Type.headers, END_HEADERS, 1, post("0")));
      await one.body(1);
      assert.equal((await one.head(1))[":status"], "403");
    });

    it("is asked for when it is 0 and the client waits for 100", async () => {
      const { one, back } = await open(requestBuffering);
      one.send(frame(Type.headers, END_HEADERS, 1, post("0", ["expect", "100-continue"])));
      assert.equal((await one.head(1))[":status"], "100");
      one.send(EMPTY_END);
      assert.equal((await one.body(1)).toString(), "ok");
      assert.deepEqual(received(back), ["POST /first"]);
    });

    for (const length of ["0", "5"]) {
      it(`is ${length}, and its end is awaited as long as a body`, async () => {
        const clock = new ManualClock();
        const { one, front, back } = await open(requestBuffering, { clock, wire: { bodyTimeoutMs: 20_000 } });
        one.send(
          frame(Type.headers, END_HEADERS, 1, post(length)),
          frame(Type.data, 0, 1, "hello".slice(0, Number(length))),
        );
        await overtake(one, 3);
        clock.advance(15_000);
        await overtake(one, 5);
        assert.equal(one.frames.some((f) => f.type === Type.reset), false);
        clock.advance(6_000);
        await one.frame(Type.reset, 1);
        await overtake(one, 7);
        assert.deepEqual(front.ended.map(({ target, status }) => `${target} ${status}`), [
          "/later3 200",
          "/later5 200",
          "/first 408",
          "/later7 200",
        ]);
        assert.deepEqual(received(back), ["GET /later3", "GET /later5", "GET /later7"]);
      });

      it(`is ${length}, and its client resets it before the end`, async () => {
        const { one, front, back } = await open(requestBuffering);
        one.send(
          frame(Type.headers, END_HEADERS, 1, post(length)),
          frame(Type.data, 0, 1, "hello".slice(0, Number(length))),
        );
        await overtake(one, 3);
        one.send(frame(Type.reset, 0, 1, uint32(8)));
        await overtake(one, 5);
        assert.equal((await front.end(1)).status, 499);
        assert.deepEqual(received(back).sort(), ["GET /later3", "GET /later5"]);
      });
    }
  });
}
