import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { connect } from "node:tls";
import { CLIENT_HELLO_LIMIT_BYTES, type ClientHello, ClientHelloReader } from "../../../src/net/mod.ts";
import { clientHello, GREASE, handshake, inRecords, serverNameBody } from "../../support/client-hello.ts";

function read(bytes: Uint8Array): ClientHello {
  return new ClientHelloReader().push(bytes);
}

function hello(serverName: string | null): ClientHello {
  return { kind: "hello", serverName };
}

/** What node:tls sends first. */
async function sentBy(options: { servername?: string }): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", ...options });
  client.on("error", () => {});
  const [accepted] = await once(server, "connection") as [Socket];
  const chunks: Buffer[] = [];
  const reader = new ClientHelloReader();
  await new Promise<void>((resolve) => {
    accepted.on("data", (bytes: Buffer) => {
      chunks.push(bytes);
      if (reader.push(bytes).kind !== "incomplete") resolve();
    });
  });
  client.destroy();
  accepted.destroy();
  server.close();
  return Buffer.concat(chunks);
}

describe("ClientHelloReader", () => {
  it("reads what a TLS library sends", async () => {
    assert.deepEqual(read(await sentBy({ servername: "www.a.example" })), hello("www.a.example"));
  });

  it("reads that a TLS library sends no server name", async () => {
    assert.deepEqual(read(await sentBy({})), hello(null));
  });

  const grease = GREASE.map((type) => [type, Buffer.alloc(type & 3)] as const);
  const good: readonly (readonly [what: string, bytes: Buffer, serverName: string | null])[] = [
    ["a message in one record", inRecords(clientHello()), "a.example"],
    ["records of one byte", inRecords(clientHello(), 1), "a.example"],
    ["records of seven bytes", inRecords(clientHello(), 7), "a.example"],
    ["GREASE on both sides of the name", inRecords(clientHello({ before: grease, after: grease })), "a.example"],
    ["no server name", inRecords(clientHello({ serverName: null, before: grease })), null],
    ["no extensions", inRecords(clientHello({ noExtensions: true })), null],
    ["an empty list of extensions", inRecords(clientHello({ serverName: null })), null],
    ["no session id", inRecords(clientHello({ sessionId: Buffer.alloc(0) })), "a.example"],
    ["upper case and a dot", inRecords(clientHello({ serverName: "A.Example." })), "A.Example."],
    ["a name of 255 characters", inRecords(clientHello({ serverName: "n".repeat(255) })), "n".repeat(255)],
    [
      "a long key share",
      inRecords(clientHello({ before: [[51, Buffer.alloc(12_000)]] }), 4000),
      "a.example",
    ],
  ];
  for (const [what, bytes, serverName] of good) {
    it(`reads ${what}`, () => assert.deepEqual(read(bytes), hello(serverName)));

    it(`waits for the rest of ${what}`, () => {
      for (let length = 0; length < bytes.length; length += 1 + length % 13) {
        assert.deepEqual(read(bytes.subarray(0, length)), { kind: "incomplete" }, `${length} bytes`);
      }
    });
  }

  it("keeps all bytes, those behind the message included", () => {
    const bytes = Buffer.concat([inRecords(clientHello(), 100), Buffer.from("more")]);
    const reader = new ClientHelloReader();
    for (let at = 0; at < bytes.length; at += 50) reader.push(bytes.subarray(at, at + 50));
    assert.deepEqual(Buffer.from(reader.bytes), bytes);
  });

  const twoNames = [[0, serverNameBody("b.example")]] as const;
  const noName = { serverName: null };
  const bad: readonly (readonly [what: string, bytes: Uint8Array, message: string])[] = [
    ["plain HTTP", Buffer.from("GET / HTTP/1.1"), "a record carries no handshake message"],
    [
      "another record in between",
      Buffer.concat([
        inRecords(clientHello()).subarray(0, 0),
        inRecords(Buffer.of(1)),
        Buffer.of(21, 3, 1, 0, 2, 1, 0),
      ]),
      "a record carries no handshake message",
    ],
    ["a version that is none", Buffer.of(22, 2, 0, 0, 1, 1), "the record version 2 is unknown"],
    ["an empty record", Buffer.of(22, 3, 1, 0, 0), "a record of the handshake is empty"],
    ["a record that is too long", Buffer.of(22, 3, 1, 0x40, 1), "a record has 16385 bytes, 16384 are allowed"],
    [
      "another message",
      inRecords(handshake(2, Buffer.alloc(40))),
      "the first handshake message has type 2, want a ClientHello",
    ],
    ["an empty message", inRecords(handshake(1, Buffer.alloc(0))), "the ClientHello is empty"],
    [
      "a message that is too long, by its header",
      inRecords(handshake(1, Buffer.alloc(CLIENT_HELLO_LIMIT_BYTES + 1))).subarray(0, 9),
      "the ClientHello has 16385 bytes, 16384 are allowed",
    ],
    [
      "a message in too many records",
      inRecords(handshake(1, Buffer.alloc(CLIENT_HELLO_LIMIT_BYTES)), 1),
      "the ClientHello takes more than 32768 bytes",
    ],
    ["a message that ends early", inRecords(handshake(1, Buffer.alloc(34))), "the ClientHello ends in its middle"],
    [
      "more than the extensions",
      inRecords(handshake(1, Buffer.concat([clientHello().subarray(4), Buffer.of(0)]))),
      "the extensions do not end with the ClientHello",
    ],
    ["two names", inRecords(clientHello({ after: twoNames })), "there are two server_name extensions"],
    ["an empty name", inRecords(clientHello({ serverName: "" })), "the server_name extension is malformed"],
    ["a name with NUL", inRecords(clientHello({ serverName: "a\0.b" })), "the server_name extension is malformed"],
    [
      "a name of 256 characters",
      inRecords(clientHello({ serverName: "n".repeat(256) })),
      "the server_name extension is malformed",
    ],
    [
      "a name of another type",
      inRecords(clientHello({ ...noName, after: [[0, Buffer.of(0, 4, 1, 0, 1, 97)]] })),
      "the server_name extension is malformed",
    ],
    [
      "a list of two names",
      inRecords(clientHello({ ...noName, after: [[0, Buffer.of(0, 8, 0, 0, 1, 97, 0, 0, 1, 98)]] })),
      "the server_name extension is malformed",
    ],
    ["an extension that is cut", inRecords(handshake(1, cutExtension())), "an extension ends behind the ClientHello"],
  ];
  for (const [what, bytes, message] of bad) {
    it(`refuses ${what}`, () => assert.deepEqual(read(bytes), { kind: "invalid", message }));
  }

  it("says the same whatever comes behind", () => {
    const reader = new ClientHelloReader();
    const outcome = reader.push(Buffer.from("GET"));
    assert.equal(outcome.kind, "invalid");
    assert.deepEqual(reader.push(inRecords(clientHello())), outcome);
  });
});

/** The last extension says that it is a byte longer than it is. */
function cutExtension(): Uint8Array {
  const body = Buffer.from(clientHello({ serverName: null, after: [[10, Buffer.alloc(3)]] }).subarray(4));
  body[body.length - 4]! += 1;
  return body;
}
