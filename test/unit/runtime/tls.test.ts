import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import * as net from "node:net";
import { describe, test } from "node:test";
import * as tls from "node:tls";
import { nodeTcp } from "../../../src/runtime/_node-tcp.ts";
import { nodeTlsServer } from "../../../src/runtime/_node-tls.ts";
import { type MakeTlsServer, runtime, type Tcp, type TlsAgreement } from "../../../src/runtime/mod.ts";
import { makeCertificate } from "../../support/certificates.ts";

const implementations = new Map<string, { tcp: Tcp; tlsServer: MakeTlsServer }>([
  ["node:tls", { tcp: nodeTcp, tlsServer: nodeTlsServer }],
  ["the runtime's own", runtime()],
]);

/** Deno asks for a name in any case, and tells of no handshake that failed: such connections end by their deadline. */
const unlikeDeno = { skip: runtime().name === "deno" };

const fallback = makeCertificate({ names: ["fallback.example"] });
const named = makeCertificate({ names: ["named.example"] });
const namedContext = tls.createSecureContext({ cert: named.certificatePem, key: named.privateKeyPem });
const context = { cert: fallback.certificatePem, key: fallback.privateKeyPem };
const BIG = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `${i},`).join(""), "latin1");

interface Accepted {
  readonly secure: net.Socket;
  readonly plain: net.Socket;
  readonly agreement: TlsAgreement;
}

/** A port whose connections are given to handshakes. */
class Port {
  readonly failures: string[] = [];
  readonly asked: string[] = [];
  port = 0;
  /** Plain sockets that have closed. */
  closed = 0;
  #closing: (() => void)[] = [];
  #accepted: Accepted[] = [];
  #arrived: (() => void)[] = [];
  #close: () => void = () => {};

  static async open(name: string): Promise<Port> {
    const { tcp, tlsServer } = implementations.get(name)!;
    const port = new Port();
    const server = tlsServer({
      context,
      applicationProtocols: ["h2", "http/1.1"],
      choose: (serverName) => {
        port.asked.push(serverName);
        return serverName === "refused.example" ? new Error("refused by name") : namedContext;
      },
      secure: (secure, agreement, plain) => {
        secure.on("error", () => {});
        port.#accepted.push({ secure, agreement, plain });
        for (const arrived of port.#arrived.splice(0)) arrived();
      },
      failed: (error) => void port.failures.push(error.message),
    });
    const listener = await tcp.listen(
      { address: "127.0.0.1", port: 0, reusePort: false, backlog: 64 },
      (plain) => {
        plain.on("error", () => {});
        plain.on("close", () => {
          port.closed++;
          for (const tell of port.#closing.splice(0)) tell();
        });
        const first = (bytes: Buffer): void => {
          plain.off("data", first);
          server.handshake(plain, bytes);
        };
        plain.on("data", first);
      },
      (error) => assert.fail(error),
    );
    port.port = listener.port;
    port.#close = () => listener.close();
    return port;
  }

  connect(options: tls.ConnectionOptions = {}): tls.TLSSocket {
    const client = tls.connect({
      port: this.port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      servername: "named.example",
      ...options,
    });
    client.on("error", () => {});
    return client;
  }

  async accepted(): Promise<Accepted> {
    while (this.#accepted.length === 0) await new Promise<void>((resolve) => this.#arrived.push(resolve));
    return this.#accepted.shift()!;
  }

  /** Resolves when so many plain sockets have closed. */
  async closes(count: number): Promise<void> {
    while (this.closed < count) await new Promise<void>((resolve) => this.#closing.push(resolve));
  }

  close(): void {
    this.#close();
  }
}

function read(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => chunks.push(bytes));
  return new Promise((resolve) => socket.on("end", () => resolve(Buffer.concat(chunks))));
}

for (const name of implementations.keys()) {
  describe(`TLS by ${name}`, () => {
    test("tells what was agreed on, carries text and bytes, and both sockets close together", async () => {
      const port = await Port.open(name);
      const client = port.connect({ ALPNProtocols: ["http/1.1"], maxVersion: "TLSv1.2" });
      const secured = once(client, "secureConnect");
      const { secure, agreement } = await port.accepted();
      await secured;
      assert.equal(client.getPeerCertificate().subject.CN, "named.example");
      assert.deepEqual(port.asked, ["named.example"]);
      assert.equal(agreement.protocol, "TLSv1.2");
      assert.match(agreement.cipher, /^ECDHE-ECDSA-/);
      assert.equal(agreement.serverName, "named.example");
      assert.equal(agreement.applicationProtocol, "http/1.1");
      assert.equal(secure.remoteAddress, "127.0.0.1");
      assert.equal(secure.remotePort, client.localPort);
      const received = read(secure);
      const answered = read(client);
      client.write("question");
      secure.write("\xe9t\xe9 ", "latin1");
      secure.write(Buffer.from("bytes"));
      secure.end();
      assert.equal((await answered).toString("latin1"), "\xe9t\xe9 bytes");
      client.end();
      assert.equal((await received).toString(), "question");
      secure.destroy();
      await port.closes(1);
      port.close();
    });

    test(
      "has a pair for those who send no name, and nothing is agreed on that was not offered",
      unlikeDeno,
      async () => {
        const port = await Port.open(name);
        const client = port.connect({ servername: "" });
        const { secure, agreement } = await port.accepted();
        assert.equal(agreement.serverName, "");
        assert.equal(agreement.applicationProtocol, "");
        assert.equal(agreement.protocol, "TLSv1.3");
        assert.deepEqual(port.asked, []);
        secure.write("x");
        await once(client, "data");
        assert.equal(client.getPeerCertificate().subject.CN, "fallback.example");
        secure.on("data", () => {});
        secure.on("end", () => secure.destroy());
        client.destroy();
        await port.closes(1);
        port.close();
      },
    );

    test(
      "refuses by name, tells bytes that are no handshake and one that breaks off, and closes all of them",
      unlikeDeno,
      async () => {
        const port = await Port.open(name);
        const client = port.connect({ servername: "refused.example" });
        client.resume();
        await port.closes(1);
        assert.equal(port.failures.length, 1);
        for (const text of ["\x16\x03\x01\x00\x05hello", "\x16\xff\xff\xff\xff\xff", "\x16\x03\x01\x02\x00\x01\x00"]) {
          const socket = net.connect({ port: port.port, host: "127.0.0.1" });
          socket.on("error", () => {});
          socket.resume();
          const closed = port.closes(port.closed + 1);
          socket.end(Buffer.from(text, "latin1"));
          await closed;
        }
        port.close();
      },
    );

    test("says no to a write that does not fit, keeps it, and says when it is out", async () => {
      const port = await Port.open(name);
      const client = port.connect();
      const secured = once(client, "secureConnect");
      const { secure } = await port.accepted();
      await secured;
      client.pause();
      let writes = 1;
      while (secure.write(writes % 2 === 0 ? BIG : BIG.toString("latin1"), "latin1")) writes++;
      secure.write("last", "latin1");
      assert.ok(secure.writableLength > 0);
      const drained = once(secure, "drain");
      const received = read(client);
      client.resume();
      await drained;
      secure.end();
      const bytes = await received;
      assert.equal(bytes.length, BIG.length * writes + 4);
      for (let i = 0; i < writes; i++) {
        assert.ok(bytes.subarray(i * BIG.length, (i + 1) * BIG.length).equals(BIG), `write ${i}`);
      }
      assert.equal(bytes.subarray(-4).toString(), "last");
      secure.destroy();
      client.destroy();
      port.close();
    });

    test("a paused socket takes no more than buffers hold, and everything once it is resumed", async () => {
      const port = await Port.open(name);
      const client = port.connect();
      const { secure } = await port.accepted();
      let got = 0;
      let wanted = (): void => {};
      secure.on("data", (bytes: Buffer) => {
        got += bytes.length;
        wanted();
      });
      secure.pause();
      const total = 8 * BIG.length;
      for (let i = 0; i < 8; i++) client.write(BIG);
      // A second connection is served all the while.
      const other = port.connect();
      const { secure: second } = await port.accepted();
      for (let i = 0; i < 50; i++) {
        second.write(`${i}`);
        await once(other, "data");
      }
      assert.ok(got <= 1024 * 1024, `${got} bytes`);
      const all = new Promise<void>((resolve) => wanted = () => got === total && resolve());
      secure.resume();
      await all;
      for (const socket of [secure, second, client, other]) socket.destroy();
      port.close();
    });

    test("a client that goes without a word is told as a close", async () => {
      const port = await Port.open(name);
      const client = net.connect({ port: port.port, host: "127.0.0.1" });
      client.on("error", () => {});
      const over = tls.connect({ socket: client, servername: "named.example", rejectUnauthorized: false });
      over.on("error", () => {});
      const { secure } = await port.accepted();
      secure.on("data", () => {});
      // Deno tells of an end only.
      secure.on("end", () => secure.destroy());
      client.resetAndDestroy();
      await port.closes(1);
      port.close();
    });

    test("the first flight may be cut anywhere", unlikeDeno, async () => {
      const port = await Port.open(name);
      const hello = await firstFlight();
      const cuts = [1, 2, 3, 4, 5, 6, 9, 10, 11, 43, 44, 45];
      for (let at = 46; at < hello.length; at += 37) cuts.push(at);
      for (const at of cuts) {
        const client = net.connect({ port: port.port, host: "127.0.0.1", noDelay: true });
        await once(client, "connect");
        client.write(hello.subarray(0, at));
        await new Promise<void>((resolve) => setImmediate(resolve));
        client.write(hello.subarray(at));
        const [answer] = await once(client, "data") as [Buffer];
        assert.equal(answer[0], 22, `cut at ${at}: the server's hello`);
        client.destroy();
      }
      await port.closes(cuts.length);
      port.close();
    });
  });
}

/** What a client sends first. */
async function firstFlight(): Promise<Buffer> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = tls.connect({ port: (server.address() as net.AddressInfo).port, host: "127.0.0.1" });
  client.on("error", () => {});
  const [socket] = await once(server, "connection") as [net.Socket];
  socket.on("error", () => {});
  const [bytes] = await once(socket, "data") as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  return bytes;
}
