import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { ManualClock } from "../../src/observe/mod.ts";
import { TlsFront } from "../../src/proxy/tls/mod.ts";
import { DEFAULT_CERTIFICATE, updateOf } from "../../src/snapshot/mod.ts";
import { runtime } from "../../src/runtime/mod.ts";
import { fakeGlobals } from "../support/policy.ts";
import { tlsProfile } from "../support/snapshot.ts";
import { answering, Inbox, RawBackend, RawClient, TestFront, type TestFrontOptions } from "../support/wire.ts";

const pem = (name: string): string =>
  readFileSync(new URL(`../fixture/certificate/${name}.pem`, import.meta.url), "utf8");

const UPDATE = updateOf({
  globals: fakeGlobals(),
  tlsProfiles: { set: [tlsProfile()], remove: [] },
  certificates: {
    set: [{
      id: DEFAULT_CERTIFICATE,
      certificatePem: pem("ecdsa.crt"),
      privateKeyPem: pem("ecdsa.key"),
      sha1: "",
      names: [],
      notAfterMs: 0,
    }],
    remove: [],
  },
});

const logger = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };
const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const GET = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
/** More than the buffers of the kernel take, told apart by place. */
const BIG = Array.from({ length: 2_500_000 }, (_, i) => String(i).padStart(7, "0")).join(";");
/** Deno tells neither of a handshake that failed nor of some ends, and resets nothing. */
const unlikeDeno = { skip: runtime().name === "deno" };

describe("a TLS port", () => {
  const closing: (() => unknown)[] = [];
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function open(options: TestFrontOptions): Promise<{ front: TestFront; port: number }> {
    const front = await TestFront.open(options);
    closing.push(() => front.close());
    const tls = new TlsFront({ logger, applicationProtocols: ["h2", "http/1.1"], serves: () => true });
    tls.apply(UPDATE);
    await tls.ready();
    return { front, port: (await front.front.listen({ address: "127.0.0.1", port: 0, tls })).port };
  }

  async function answeringFront(answer: (head: string) => string) {
    const backend = await RawBackend.open(answering(answer));
    closing.push(() => backend.close());
    return { ...await open({ endpoints: [backend.endpoint] }), backend };
  }

  async function secureClient(port: number, options: ConnectionOptions = {}): Promise<Inbox & { socket: TLSSocket }> {
    const socket = connect({
      port,
      host: "127.0.0.1",
      servername: "a.example",
      rejectUnauthorized: false,
      ...options,
    });
    const inbox = new Inbox(socket);
    closing.push(() => void socket.destroy());
    await once(socket, "secureConnect");
    return inbox as Inbox & { socket: TLSSocket };
  }

  /** Resolves when no connection of a client is left. */
  async function deserted(front: TestFront): Promise<void> {
    while (front.front.counters.active > 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  test("waits for no client that does not read when it is closed", async () => {
    const clock = new ManualClock();
    const backend = await RawBackend.open(answering(() => ok("hello")));
    closing.push(() => backend.close());
    const { front, port } = await open({ endpoints: [backend.endpoint], clock });
    const clients = await Promise.all([secureClient(port), secureClient(port, { maxVersion: "TLSv1.2" })]);
    for (const client of clients) {
      client.socket.write(GET);
      await client.has("hello");
    }
    await front.end(1);
    for (const { socket } of clients) socket.pause();
    await front.front.close(60_000); // no time passes
    for (const client of clients) {
      client.socket.resume();
      await client.end();
      assert.equal(client.error, null);
    }
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`answers one request after the other over ${version}, and says goodbye in an orderly way`, async () => {
      const { port } = await answeringFront(() => ok("hello"));
      const client = await secureClient(port, { minVersion: version, maxVersion: version });
      assert.equal(client.socket.getProtocol(), version);
      for (let i = 1; i <= 3; i++) {
        client.socket.write(GET);
        await client.has("hello", i);
      }
      client.socket.write(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
      const text = await client.end();
      assert.equal(text.split("hello").length, 5);
      assert.equal(client.error, null);
    });
  }

  test("answers plain HTTP with 400, and closes", async () => {
    const { front, port } = await answeringFront(() => assert.fail("forwarded"));
    const client = await RawClient.open(port);
    client.send(GET);
    assert.match(await client.end(), /^HTTP\/1\.1 400 /);
    assert.deepEqual(front.errors.map(({ code }) => code), ["downstream-plain-http"]);
    client.socket.destroy();
  });

  test("bytes that are neither TLS nor HTTP, and hellos that never end, harm nobody", unlikeDeno, async () => {
    const { front, port } = await answeringFront(() => ok("still here"));
    const lost = [
      "\x00\x01\x02\x03\r\n\r\n",
      "\x16\x03\x01\xff\xff", // a record over the limit
      "\x16\x03\x01\x00\x05hello",
      "\x16\x03\x01\x00\x04\x01\x00\x00\x00", // an empty hello
    ];
    for (const text of lost) {
      const client = await RawClient.open(port);
      client.send(text);
      await client.end();
      client.socket.destroy();
    }
    const halves: RawClient[] = [];
    for (let i = 0; i < 300; i++) {
      const client = await RawClient.open(port);
      client.send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".slice(0, 1 + i % 11));
      halves.push(client);
    }
    const client = await secureClient(port);
    client.socket.write(GET);
    await client.has("still here");
    assert.equal(front.front.counters.requests, 2, "one, and what looked like plain HTTP");
    for (const { socket } of halves) socket.destroy();
    client.socket.destroy();
    await deserted(front);
  });

  test("a client that reads slowly gets everything, and holds the upstream back", async () => {
    const { front, port, backend } = await answeringFront(() => ok(BIG));
    const client = await secureClient(port);
    client.socket.pause();
    client.socket.write(GET);
    const upstream = await backend.connection(0);
    // Others are served meanwhile, and the response does not move on.
    for (let i = 0; i < 3; i++) {
      const other = await secureClient(port);
      other.socket.write(GET.replace("GET", "HEAD"));
      await other.has("200 OK");
      other.socket.destroy();
    }
    // Deno counts what it has begun to write as written.
    if (runtime().name === "bun") assert.ok(upstream.socket.writableLength > 0, "the backend waits to be read from");
    const chunks: Buffer[] = [];
    client.socket.removeAllListeners("data");
    const received = new Promise<void>((resolve) => {
      let length = 0;
      client.socket.on("data", (bytes: Buffer) => {
        chunks.push(bytes);
        length += bytes.length;
        if (length >= BIG.length) resolve();
      });
    });
    client.socket.resume();
    await received;
    const text = Buffer.concat(chunks).toString("latin1");
    assert.ok(text.slice(text.indexOf("\r\n\r\n") + 4) === BIG, "as it was sent");
    client.socket.destroy();
    await deserted(front);
  });

  test("a body of many records arrives as it was sent", async () => {
    const body = BIG.slice(0, 900_000);
    const backend = await RawBackend.open(async (connection) => {
      await connection.has(body.slice(-20));
      connection.send(ok(String(connection.text.length - connection.text.indexOf("\r\n\r\n") - 4)));
    });
    closing.push(() => backend.close());
    const { port } = await open({ endpoints: [backend.endpoint] });
    const client = await secureClient(port);
    client.socket.write(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n`);
    for (let at = 0; at < body.length; at += 7001) {
      client.socket.write(Buffer.from(body.slice(at, at + 7001), "latin1"));
    }
    await client.has(`\r\n\r\n${body.length}`);
    assert.ok((await backend.connection(0)).text.endsWith(body));
  });

  test(
    "a response that only its end delimits, and that breaks off, does not end in an orderly way",
    unlikeDeno,
    async () => {
      const backend = await RawBackend.open(async (connection) => {
        await connection.has("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
        await cut;
        connection.socket.destroy();
      });
      closing.push(() => backend.close());
      let cutNow!: () => void;
      const cut = new Promise<void>((resolve) => cutNow = resolve);
      const { front, port } = await open({ endpoints: [backend.endpoint] });
      const client = await secureClient(port);
      client.socket.write("GET / HTTP/1.0\r\nHost: a.example\r\n\r\n");
      await client.has("part");
      cutNow();
      await client.end();
      assert.equal(client.ended, false, "no close_notify");
      await deserted(front);
    },
  );

  test("a client that goes in the middle of a response leaves nothing behind", async () => {
    const { front, port, backend } = await answeringFront(() => ok(BIG));
    const client = await secureClient(port);
    client.socket.write(GET);
    await client.has("200 OK");
    client.socket.destroy();
    await deserted(front);
    const upstream = await backend.connection(0);
    if (!upstream.closed && !upstream.ended) await upstream.until(() => upstream.ended || upstream.closed, "the end");
  });
});
