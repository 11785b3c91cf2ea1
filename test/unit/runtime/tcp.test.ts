import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import * as net from "node:net";
import { describe, test } from "node:test";
import { nodeTcp } from "../../../src/runtime/_node-tcp.ts";
import { runtime, type Tcp, type TcpListener } from "../../../src/runtime/mod.ts";

const implementations = new Map<string, Tcp>([["node:net", nodeTcp], [`the runtime's own`, runtime().tcp]]);

/** A listener, the next accepted socket, and a plain client of node:net. */
async function pair(tcp: Tcp): Promise<{ server: net.Socket; client: net.Socket; listener: TcpListener }> {
  let accepted!: (socket: net.Socket) => void;
  const next = new Promise<net.Socket>((resolve) => accepted = resolve);
  const listener = await tcp.listen(
    { address: "127.0.0.1", port: 0, reusePort: false, backlog: 16 },
    (socket) => {
      socket.on("error", () => {});
      accepted(socket);
    },
    () => {},
  );
  const client = net.connect({ host: "127.0.0.1", port: listener.port, allowHalfOpen: true });
  client.on("error", () => {});
  await once(client, "connect");
  return { server: await next, client, listener };
}

/** All bytes of a socket until its end. */
function read(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => chunks.push(bytes));
  return new Promise((resolve) => socket.once("end", () => resolve(Buffer.concat(chunks))));
}

const BIG = Buffer.from(Array.from({ length: 200_000 }, (_, i) => `${i},`).join(""), "latin1");

for (const [name, tcp] of implementations) {
  describe(`TCP by ${name}`, () => {
    test("tells addresses, carries text and bytes, ends one side after the other", async () => {
      const { server, client, listener } = await pair(tcp);
      assert.equal(server.remoteAddress, "127.0.0.1");
      assert.equal(server.remotePort, client.localPort);
      const received = read(server);
      const answered = read(client);
      client.end("question");
      assert.equal((await received).toString(), "question");
      server.write("\xe9t\xe9 ", "latin1");
      server.write(Buffer.from("bytes"));
      server.end();
      assert.equal((await answered).toString("latin1"), "\xe9t\xe9 bytes");
      if (!server.destroyed) await once(server, "close");
      client.destroy();
      listener.close();
    });

    test("says no to a write that does not fit, keeps it, and says when it is out", async () => {
      const { server, client, listener } = await pair(tcp);
      client.pause();
      let writes = 0;
      while (server.write(BIG)) writes++;
      assert.ok(server.writableLength > 0);
      server.write("last", "latin1");
      const drained = once(server, "drain");
      const received = read(client);
      client.resume();
      await drained;
      assert.equal(server.writableLength, 0);
      server.end();
      const bytes = await received;
      assert.equal(bytes.length, BIG.length * (writes + 1) + 4);
      assert.equal(bytes.subarray(-4).toString(), "last");
      assert.ok(bytes.subarray(0, BIG.length).equals(BIG));
      server.destroy();
      client.destroy();
      listener.close();
    });

    test("a text that does not fit goes out whole, and the end behind it", async () => {
      const { server, client, listener } = await pair(tcp);
      client.pause();
      const text = BIG.toString("latin1").repeat(8);
      server.write(text, "latin1");
      server.end();
      const finished = once(server, "finish");
      const received = read(client);
      client.resume();
      assert.ok((await received).equals(Buffer.from(text, "latin1")));
      await finished;
      server.destroy();
      client.destroy();
      listener.close();
    });

    test("corked writes come in order", async () => {
      const { server, client, listener } = await pair(tcp);
      const received = read(client);
      server.cork();
      server.write("head ", "latin1");
      server.write(Buffer.from("body "));
      server.write("end", "latin1");
      server.uncork();
      server.end();
      assert.equal((await received).toString(), "head body end");
      server.destroy();
      client.destroy();
      listener.close();
    });

    test("a paused socket gets nothing until it is resumed", async () => {
      const { server, client, listener } = await pair(tcp);
      const chunks: Buffer[] = [];
      server.on("data", (bytes: Buffer) => chunks.push(bytes));
      server.pause();
      // What is written behind the echo proves that the first bytes have been there for a while.
      const other = await pair(tcp);
      client.write("early");
      const echoed = once(other.server, "data");
      other.client.write("x");
      await echoed;
      assert.equal(chunks.length, 0);
      server.resume();
      while (Buffer.concat(chunks).length < 5) await new Promise<void>((resolve) => setImmediate(resolve));
      assert.equal(Buffer.concat(chunks).toString(), "early");
      for (const socket of [server, client, other.server, other.client]) socket.destroy();
      listener.close();
      other.listener.close();
    });

    test("bytes that are put back come first, to the listener of then", async () => {
      const { server, client, listener } = await pair(tcp);
      client.write("PROXY rest");
      await new Promise<void>((resolve) => {
        const peek = (bytes: Buffer): void => {
          server.off("data", peek);
          server.pause();
          server.unshift(bytes.subarray(6));
          resolve();
        };
        server.on("data", peek);
      });
      const received = read(server);
      server.resume();
      client.end(" and more");
      assert.equal((await received).toString(), "rest and more");
      server.destroy();
      client.destroy();
      listener.close();
    });

    test("destroy() ends the other side, resetAndDestroy() resets it", async () => {
      const first = await pair(tcp);
      const ended = read(first.client);
      first.server.destroy();
      assert.equal((await ended).length, 0);
      const second = await pair(tcp);
      const failed = once(second.client, "error").then(() => "ended", (error: NodeJS.ErrnoException) => error.code);
      const code = new Promise<string | undefined>((resolve) =>
        second.client.on("error", (error: NodeJS.ErrnoException) => resolve(error.code))
      );
      second.client.resume();
      second.server.resetAndDestroy();
      assert.equal(await code, "ECONNRESET");
      await failed;
      for (const { client, listener } of [first, second]) {
        client.destroy();
        listener.close();
      }
    });

    test("a reset by the other side is told as a close", async () => {
      const { server, client, listener } = await pair(tcp);
      server.on("data", () => {});
      const closed = new Promise<void>((resolve) => server.once("close", () => resolve()));
      client.resetAndDestroy();
      await closed;
      assert.equal(server.write("x", "latin1"), false);
      listener.close();
    });

    test("connects, and tells a refusal", async () => {
      const server = net.createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as net.AddressInfo;
      const socket = tcp.connect("127.0.0.1", port);
      const received = read(socket);
      await once(socket, "connect");
      assert.equal((await received).toString(), "hello");
      socket.destroy();
      server.close();
      await once(server, "close");
      const refused = tcp.connect("127.0.0.1", port);
      const closed = new Promise<void>((resolve) => refused.once("close", () => resolve()));
      const [error] = await new Promise<[NodeJS.ErrnoException]>((resolve) =>
        refused.once("error", (e: NodeJS.ErrnoException) => resolve([e]))
      );
      assert.equal(error.code, "ECONNREFUSED");
      await closed;
    });

    test("destroyed before it stands, a connection is closed without a word", async () => {
      const server = net.createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const socket = tcp.connect("127.0.0.1", (server.address() as net.AddressInfo).port);
      socket.on("error", () => {});
      socket.on("connect", () => assert.fail("connected"));
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.destroy();
      await closed;
      server.close();
    });

    test("a port that is taken is an error with its code", async () => {
      const { server, client, listener } = await pair(tcp);
      const options = { address: "127.0.0.1", port: listener.port, reusePort: false, backlog: 16 };
      await assert.rejects(tcp.listen(options, () => {}, () => {}), { code: "EADDRINUSE" });
      server.destroy();
      client.destroy();
      listener.close();
    });
  });
}
