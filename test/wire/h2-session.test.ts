import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as net from "node:net";
import { test } from "node:test";
import { type H2Stream, ServerSession } from "../../src/http/h2/mod.ts";

/** Answers every request with its own body, on a real socket. */
function echo(socket: net.Socket): void {
  const chunks = new Map<H2Stream<null>, Uint8Array[]>();
  const session = new ServerSession<null>(
    { maxConcurrentStreams: 128, maxHeaderListBytes: 16384, streamWindowBytes: 65536, maxRequests: 1000 },
    {
      write: (bytes) => socket.write(bytes),
      request: (stream, request) => {
        chunks.set(stream, []);
        session.respond(stream, 200, ["X-Path", request.path, "X-Host", request.authority], false);
      },
      oversized: (stream) => session.respond(stream, 400, [], true),
      data: (stream, chunk) => {
        session.consumed(stream, chunk.length);
        chunks.get(stream)!.push(chunk);
      },
      end: (stream) => {
        for (const chunk of chunks.get(stream)!) session.send(stream, chunk);
        session.end(stream, ["x-done", "yes"]);
      },
      reset: (stream) => chunks.delete(stream),
      received: () => {},
      drain: () => {},
      finished: (stream) => chunks.delete(stream),
      close: () => socket.end(),
    },
  );
  socket.on("data", (chunk: Buffer) => session.receive(chunk));
  socket.on("drain", () => session.drained());
  socket.on("close", () => session.disconnected());
  socket.on("error", () => {});
}

test("a client of node:http2 gets its bodies back, many at once and large ones", async () => {
  const server = net.createServer(echo).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = http2.connect(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
  try {
    const one = async (size: number, i: number): Promise<void> => {
      const body = Buffer.alloc(size, `${i},`);
      const stream = client.request({ ":method": "POST", ":path": `/n${i}`, "cookie": "a=b" });
      let trailers: Record<string, unknown> = {};
      stream.on("trailers", (fields) => trailers = fields);
      stream.end(body);
      const [head] = await once(stream, "response");
      assert.equal(head["x-path"], `/n${i}`);
      const received: Uint8Array[] = [];
      for await (const chunk of stream) received.push(chunk as Uint8Array);
      assert.ok(Buffer.concat(received).equals(body), `body ${i} of ${size}`);
      assert.equal(trailers["x-done"], "yes");
    };
    await Promise.all(Array.from({ length: 50 }, (_, i) => one(i * 997, i)));
    await one(3_000_000, 99);
  } finally {
    client.close();
    server.close();
  }
});
