import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { TlsInfo } from "../../../../src/http/exchange.ts";
import type { Logger } from "../../../../src/observe/logger.ts";
import { type Handshake, TlsFront, type TlsHandlers } from "../../../../src/proxy/tls/mod.ts";
import type { KeyPair } from "../../../../src/proxy/tls/context-cache.ts";
import { runtime, type TcpListener } from "../../../../src/runtime/mod.ts";
import {
  type Certificate,
  DEFAULT_TLS_PROFILE,
  type Globals,
  type HostTls,
  type SnapshotUpdate,
  type TlsProfile,
  updateOf,
  type VirtualHost,
} from "../../../../src/snapshot/mod.ts";
import { makeCertificate } from "../../../support/certificates.ts";
import { fakeGlobals } from "../../../support/policy.ts";
import { tlsProfile } from "../../../support/snapshot.ts";

const FAKE = "Kubernetes Ingress Controller Fake Certificate";

const a = makeCertificate({ names: ["a.example"] });
const rsa = makeCertificate({ names: ["rsa.example"], key: "rsa" });
const wild = makeCertificate({ names: ["*.foo.example"] });
const chained = makeCertificate({ names: ["chain.example"], chain: true });
const fallback = makeCertificate({ names: ["fallback.example"] });

function certificate(id: string, pair: KeyPair): Certificate {
  return { id, ...pair, sha1: "", names: [], notAfterMs: 0 };
}

function host(name: string, id: string | null, serverNames: readonly string[] = [name]): VirtualHost {
  const tls: HostTls = id === null ? { kind: "none" } : { kind: "terminate", certificate: id, serverNames };
  return { name, names: [], tls, tlsProfile: DEFAULT_TLS_PROFILE, policies: {}, regexMode: false, locations: [] };
}

function globals(tls: Partial<Globals["tls"]> = {}, headerTimeoutMs = 60_000): Globals {
  return fakeGlobals({ tls, client: { headerTimeoutMs } });
}

interface Changes {
  readonly globals?: Globals;
  /** The default one. */
  readonly profile?: Partial<TlsProfile>;
  readonly profiles?: readonly TlsProfile[];
  readonly hosts?: readonly VirtualHost[];
  readonly gone?: readonly string[];
  readonly certificates?: readonly Certificate[];
}

function update(changes: Changes): SnapshotUpdate {
  return updateOf({
    ...(changes.globals === undefined ? {} : { globals: changes.globals }),
    tlsProfiles: {
      set: [...changes.profile === undefined ? [] : [tlsProfile(changes.profile)], ...changes.profiles ?? []],
      remove: [],
    },
    virtualHosts: { set: changes.hosts ?? [], remove: changes.gone ?? [] },
    certificates: { set: changes.certificates ?? [], remove: [] },
  });
}

/** What a client sees of a handshake. */
interface Seen {
  readonly subject: string;
  readonly protocol: string | null;
  readonly cipher: string;
  readonly alpn: string | false | null;
  readonly info: TlsInfo;
}

/** The front's listener on a port of the runtime's own sockets; `before` has them first. */
function listen(
  front: TlsFront,
  handlers: TlsHandlers,
  before: (socket: Socket, accept: (socket: Socket) => void) => void = (socket, accept) => accept(socket),
): Promise<TcpListener> {
  const { accept } = front.listener(handlers);
  const options = { address: "127.0.0.1", port: 0, reusePort: false, backlog: 64 };
  return runtime().tcp.listen(options, (socket) => before(socket, accept), (error) => assert.fail(error));
}

/** A front that listens and answers every handshake with one byte. */
class Stage {
  readonly logged: string[] = [];
  readonly front: TlsFront;
  readonly #opened: { close(): void }[] = [];
  readonly #infos: TlsInfo[] = [];
  #listener: TcpListener | null = null;
  port = 0;

  constructor(serves: (name: string) => boolean = () => true, selfSigned?: () => Promise<KeyPair>) {
    const log = (message: string, fields?: object): void =>
      void this.logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
    const logger: Logger = { debug: () => {}, info: log, warning: log, error: log };
    this.front = new TlsFront({
      logger,
      applicationProtocols: ["h2", "http/1.1"],
      serves,
      ...selfSigned === undefined ? {} : { selfSigned },
    });
  }

  async open(changes: Changes, plain: (socket: Socket) => void = (socket) => socket.destroy()): Promise<this> {
    this.front.apply(update({ globals: globals(), profile: {}, ...changes }));
    const secure = (socket: Socket, { info }: Handshake): void => {
      this.#infos.push(info);
      this.#opened.push({ close: () => socket.destroy() });
      socket.on("error", () => {});
      socket.on("data", (bytes) => socket.write(bytes));
      socket.write("!");
    };
    this.#listener = await listen(this.front, { secure, plain });
    this.port = this.#listener.port;
    return this;
  }

  /** Opens a connection and waits for the byte. */
  async connect(options: ConnectionOptions): Promise<TLSSocket> {
    const socket = connect({ port: this.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
    this.#opened.push({ close: () => socket.destroy() });
    await once(socket, "data");
    return socket;
  }

  async see(options: ConnectionOptions): Promise<Seen> {
    const socket = await this.connect(options);
    const seen = {
      subject: String(socket.getPeerCertificate().subject.CN),
      protocol: socket.getProtocol(),
      cipher: socket.getCipher().name,
      alpn: socket.alpnProtocol,
      info: this.told,
    };
    socket.destroy();
    return seen;
  }

  /** What the front tells of the last handshake. */
  get told(): TlsInfo {
    return this.#infos.at(-1)!;
  }

  /** Error of a handshake that must fail. */
  async fails(options: ConnectionOptions): Promise<void> {
    await assert.rejects(this.connect(options));
  }

  async close(): Promise<void> {
    for (const one of this.#opened) one.close();
    this.#listener?.close();
  }
}

describe("TlsFront", () => {
  const stages: Stage[] = [];
  after(async () => void await Promise.all(stages.map((stage) => stage.close())));
  function stage(serves?: (name: string) => boolean, selfSigned?: () => Promise<KeyPair>): Stage {
    const made = new Stage(serves, selfSigned);
    stages.push(made);
    return made;
  }

  test("serves the certificate of the server name, whatever its case and dot", async () => {
    const s = await stage().open({
      hosts: [
        host("a.example", "default/a"),
        host("rsa.example", "default/rsa"),
        host("*.foo.example", "default/wild"),
      ],
      certificates: [certificate("default/a", a), certificate("default/rsa", rsa), certificate("default/wild", wild)],
    });
    const rows: readonly (readonly [string, string])[] = [
      ["a.example", "a.example"],
      ["A.EXAMPLE", "a.example"],
      ["rsa.example", "rsa.example"],
      ["x.foo.example", "*.foo.example"],
      ["a.b.foo.example", FAKE],
      ["foo.example", FAKE],
      ["unknown.example", FAKE],
    ];
    for (const [servername, subject] of rows) {
      assert.equal((await s.see({ servername })).subject, subject, servername);
    }
    assert.equal((await s.see({ servername: "a.example." })).subject, "a.example", "a trailing dot");
  });

  test("serves the self-signed certificate to clients without a server name", async () => {
    const s = await stage().open({
      hosts: [host("a.example", "default/a")],
      certificates: [certificate("default/a", a)],
    });
    const { subject, info } = await s.see({});
    assert.equal(subject, FAKE);
    assert.equal(info.serverName, "");
  });

  test("lets handshakes wait while the self-signed certificate is made", async () => {
    let give!: (pair: KeyPair) => void;
    const s = await stage(undefined, () => new Promise<KeyPair>((resolve) => give = resolve)).open({});
    const early = [s.see({}), s.see({ servername: "x.example" })];
    // Both are there when a connection that was opened after them is.
    const socket = connectPlain(s.port, "127.0.0.1");
    await once(socket, "connect");
    socket.end("plain");
    await once(socket, "close");
    give(fallback);
    for (const seen of early) assert.equal((await seen).subject, "fallback.example");
  });

  test("says so when the self-signed certificate cannot be made, and asks again with the next update", async () => {
    let asked = 0;
    const s = await stage(undefined, () => ++asked === 1 ? Promise.reject(new Error("no luck")) : Promise.resolve(a))
      .open({});
    await s.fails({});
    assert.match(s.logged.join(), /the self-signed certificate cannot be made.*no luck/);
    s.front.apply(update({}));
    assert.equal((await s.see({})).subject, "a.example");
  });

  test("prefers the certificate of the catch-all host, then the default one, to the self-signed one", async () => {
    const s = await stage().open({ certificates: [certificate("default", fallback), certificate("default/a", a)] });
    assert.equal((await s.see({})).subject, "fallback.example");
    assert.equal((await s.see({ servername: "x.example" })).subject, "fallback.example");
    s.front.apply(update({ hosts: [host("_", "default/a")] }));
    assert.equal((await s.see({})).subject, "a.example");
    assert.equal((await s.see({ servername: "x.example" })).subject, "a.example");
    s.front.apply(update({ hosts: [host("_", null)] }));
    assert.equal((await s.see({})).subject, "fallback.example");
  });

  test("sends the chain along", async () => {
    const s = await stage().open({
      hosts: [host("chain.example", "default/chain")],
      certificates: [certificate("default/chain", chained)],
    });
    const socket = await s.connect({ servername: "chain.example", ca: chained.rootPem, rejectUnauthorized: true });
    assert.equal(socket.authorized, true);
  });

  test("speaks TLS 1.2 and 1.3 and tells what was agreed on", async () => {
    const s = await stage().open({
      hosts: [host("rsa.example", "default/rsa")],
      certificates: [certificate("default/rsa", rsa)],
    });
    const old = await s.see({
      servername: "rsa.example",
      maxVersion: "TLSv1.2",
      ciphers: "ECDHE-RSA-AES256-GCM-SHA384",
    });
    assert.equal(old.protocol, "TLSv1.2");
    assert.deepEqual(old.info, {
      protocol: "TLSv1.2",
      cipher: "ECDHE-RSA-AES256-GCM-SHA384",
      serverName: "rsa.example",
      applicationProtocol: "",
      resumed: false,
    });
    const current = await s.see({ servername: "RSA.example", minVersion: "TLSv1.3", ALPNProtocols: ["h2"] });
    assert.equal(current.info.applicationProtocol, "h2");
    assert.equal(current.info.protocol, "TLSv1.3");
    assert.equal(current.info.serverName, "rsa.example");
  });

  test("follows ssl-protocols and ssl-ciphers with the next handshake", async () => {
    const s = await stage().open({
      hosts: [host("rsa.example", "default/rsa")],
      certificates: [certificate("default/rsa", rsa)],
    });
    for (const servername of ["rsa.example", undefined]) {
      const options: ConnectionOptions = servername === undefined ? {} : { servername };
      s.front.apply(update({ profile: { protocols: ["TLSv1.3"] } }));
      await s.fails({ ...options, maxVersion: "TLSv1.2" });
      assert.equal((await s.see(options)).protocol, "TLSv1.3");
      s.front.apply(update({ profile: { protocols: ["TLSv1.2"], ciphers: "ECDHE-RSA-AES256-GCM-SHA384" } }));
      assert.equal((await s.see(options)).cipher, "ECDHE-RSA-AES256-GCM-SHA384");
      // Deno's TLS library has its own list, on both sides; the log says so.
      if (runtime().name === "bun") {
        await s.fails({ ...options, ciphers: "ECDHE-RSA-AES128-GCM-SHA256", maxVersion: "TLSv1.2" });
      } else {
        assert.ok(s.logged.some((line) => line.includes("ssl-ciphers has no effect on Deno")));
      }
    }
  });

  test("offers h2 unless use-http2 is off", async () => {
    const s = await stage().open({});
    const ALPNProtocols = ["h2", "http/1.1"];
    assert.equal((await s.see({ ALPNProtocols })).alpn, "h2");
    assert.equal((await s.see({ ALPNProtocols: ["http/1.1"] })).alpn, "http/1.1");
    assert.ok(!(await s.see({})).alpn);
    s.front.apply(update({ globals: globals({ useHttp2: false }) }));
    assert.equal((await s.see({ ALPNProtocols })).alpn, "http/1.1");
  });

  const sessionTest = { skip: runtime().name === "deno" && "Deno's client gives no sessions away" };
  test("resumes sessions across changes of hosts, as long as the settings say", sessionTest, async () => {
    const s = await stage().open({
      hosts: [host("a.example", "default/a")],
      certificates: [certificate("default/a", a)],
    });
    /** Begins a connection and tells whether it went on with `session`, and what it got to go on with. */
    const visit = async (options: ConnectionOptions): Promise<{ resumed: boolean; session: Buffer | null }> => {
      let session: Buffer | null = null;
      const socket = connect({ port: s.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
      socket.on("error", () => {});
      socket.on("session", (bytes) => session = bytes);
      await once(socket, "data");
      // behind the tickets
      socket.write("x");
      await once(socket, "data");
      const resumed = socket.isSessionReused();
      assert.equal(s.told.resumed, resumed);
      socket.destroy();
      return { resumed, session };
    };
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const options: ConnectionOptions = { servername: "a.example", minVersion: version, maxVersion: version };
      s.front.apply(update({ globals: globals(), profile: {} }));
      const { session } = await visit(options);
      assert.ok(session !== null, version);
      assert.equal((await visit({ ...options, session })).resumed, true, version);
      s.front.apply(update({
        hosts: [host("rsa.example", "default/rsa")],
        certificates: [certificate("default/rsa", rsa)],
        globals: globals({}, 50_000),
      }));
      assert.equal((await visit({ ...options, session })).resumed, true, `${version}, other things changed`);
      s.front.apply(update({ profile: { sessionTimeoutMs: 0 } }));
      assert.equal((await visit({ ...options, session })).resumed, false, `${version}, sessions are off`);
      const again = await visit(options);
      const next = again.session === null ? options : { ...options, session: again.session };
      assert.equal((await visit(next)).resumed, false, `${version}, and none begins`);
    }
  });

  test("serves a changed certificate to new connections and leaves open ones alone", async () => {
    const s = await stage().open({
      hosts: [host("a.example", "default/a")],
      certificates: [certificate("default/a", a)],
    });
    const held = await s.connect({ servername: "a.example" });
    s.front.apply(update({ certificates: [certificate("default/a", rsa)] }));
    assert.equal((await s.see({ servername: "a.example" })).subject, "rsa.example");
    held.write("still here");
    const [bytes] = await once(held, "data");
    assert.equal(String(bytes), "still here");
  });

  test("serves the default certificate in place of a broken pair and says so once", async () => {
    const s = await stage().open({
      hosts: [host("mixed.example", "default/mixed"), host("garbage.example", "default/garbage")],
      certificates: [
        certificate("default/mixed", { certificatePem: a.certificatePem, privateKeyPem: wild.privateKeyPem }),
        certificate("default/garbage", { certificatePem: "not a certificate", privateKeyPem: "not a key" }),
      ],
    });
    for (const servername of ["mixed.example", "mixed.example", "garbage.example"]) {
      assert.equal((await s.see({ servername })).subject, FAKE, servername);
    }
    assert.equal(s.logged.filter((line) => line.includes("default/mixed")).length, 1);
    assert.equal(s.logged.filter((line) => line.includes("default/garbage")).length, 1);
    assert.ok(s.logged.every((line) => !line.includes("PRIVATE KEY")));
  });

  test("a broken default certificate leaves the self-signed one", async () => {
    const s = await stage().open({
      certificates: [certificate("default", { certificatePem: "x", privateKeyPem: "y" })],
    });
    assert.equal((await s.see({})).subject, FAKE);
  });

  test("has() knows exact names and one-label wildcards, and not the catch-all", async () => {
    const s = await stage().open({
      hosts: [
        host("a.example", "default", ["a.example", "alias.example"]),
        host("*.foo.example", "default"),
        host("_", "default"),
      ],
    });
    const rows: readonly (readonly [string, boolean])[] = [
      ["a.example", true],
      ["A.example", true],
      ["a.example.", true],
      ["alias.example", true],
      ["x.foo.example", true],
      ["a.b.foo.example", false],
      ["b.example", false],
      ["_", false],
      ["", false],
    ];
    for (const [name, wanted] of rows) assert.equal(s.front.has(name), wanted, name);
    s.front.apply(update({ gone: ["a.example"] }));
    assert.equal(s.front.has("alias.example"), false);
  });

  test("ssl-reject-handshake refuses names that no host serves, and clients without a name", async () => {
    const s = await stage((name) => name === "a.example" || name === "plain.example").open({
      globals: globals({ rejectHandshake: true }),
      hosts: [host("a.example", "default/a")],
      certificates: [certificate("default/a", a)],
    });
    assert.equal((await s.see({ servername: "a.example" })).subject, "a.example");
    assert.equal((await s.see({ servername: "plain.example" })).subject, FAKE);
    await s.fails({ servername: "unknown.example" });
    await s.fails({});
    s.front.apply(update({ globals: globals() }));
    assert.equal((await s.see({})).subject, FAKE);
  });

  test("hands plain HTTP over with its bytes put back", async () => {
    const s = await stage().open({}, (socket) => {
      socket.on("data", (bytes) => {
        socket.write(`got ${bytes}`);
        socket.end();
      });
      socket.resume();
    });
    const socket = connectPlain(s.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\n\r\n"));
    const [bytes] = await once(socket, "data");
    assert.equal(String(bytes), "got GET / HTTP/1.1\r\n\r\n");
    socket.destroy();
  });

  test("closes connections that do not finish their handshake in time", async () => {
    const s = await stage().open({ globals: globals({}, 500) });
    await s.front.ready();
    for (const first of ["", "\x16\x03\x01"]) {
      const socket = connectPlain(s.port, "127.0.0.1", () => socket.write(Buffer.from(first, "latin1")));
      socket.on("error", () => {});
      socket.resume();
      await once(socket, "close");
    }
    const done = await s.connect({});
    done.write("x");
    await once(done, "data");
  });

  test("a handshake may arrive byte by byte, after bytes that something else has read", async () => {
    const s = await stage().open({
      hosts: [host("a.example", "default/a")],
      certificates: [certificate("default/a", a)],
    });
    const handlers: TlsHandlers = {
      secure: (socket) => {
        socket.on("error", () => {});
        socket.on("data", (bytes) => {
          socket.write(bytes);
          socket.end();
        });
      },
      plain: (socket) => socket.destroy(),
    };
    // Reads a prefix of two bytes, as of a PROXY header, and puts the rest back.
    const server = await listen(s.front, handlers, (socket, accept) => {
      let read = Buffer.alloc(0);
      const prefix = (bytes: Buffer): void => {
        read = Buffer.concat([read, bytes]);
        if (read.length < 2) return;
        socket.off("data", prefix);
        socket.pause();
        if (read.length > 2) socket.unshift(read.subarray(2));
        accept(socket);
      };
      socket.on("data", prefix);
    });
    // Between client and server: passes what the client sends on in pieces of one byte.
    const slow = createServer({ noDelay: true }, (client) => {
      const upstream = connectPlain({ port: server.port, host: "127.0.0.1", noDelay: true });
      upstream.write("hi");
      let queue = Promise.resolve();
      client.on("data", (bytes: Buffer) => {
        for (const byte of bytes) {
          queue = queue.then(() =>
            new Promise<void>((resolve) => void upstream.write(Buffer.of(byte), () => resolve()))
          );
        }
      });
      upstream.on("data", (bytes) => client.write(bytes));
      for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
        from.on("error", () => {});
        from.on("close", () => to.destroy());
      }
    });
    slow.listen(0, "127.0.0.1");
    await once(slow, "listening");
    try {
      const client = connect({
        port: (slow.address() as AddressInfo).port,
        host: "127.0.0.1",
        servername: "a.example",
        rejectUnauthorized: false,
      });
      client.write("through");
      const [bytes] = await once(client, "data");
      assert.equal(String(bytes), "through");
      assert.equal(client.getPeerCertificate().subject.CN, "a.example");
      client.destroy();
    } finally {
      server.close();
      slow.close();
    }
  });

  test("dropPending() closes what is in its handshake, and nothing else", async () => {
    const s = await stage().open({});
    const listener = s.front.listener({
      secure: (socket) => {
        socket.on("error", () => {});
        socket.on("data", (bytes) => socket.write(bytes));
        socket.write("!");
      },
      plain: (socket) => socket.destroy(),
    });
    let arrive!: () => void;
    const options = { address: "127.0.0.1", port: 0, reusePort: false, backlog: 64 };
    const server = await runtime().tcp.listen(
      options,
      (socket) => {
        listener.accept(socket);
        arrive();
      },
      (error) => assert.fail(error),
    );
    const { port } = server;
    let arrived = new Promise<void>((resolve) => arrive = resolve);
    const done = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(done, "data");
    arrived = new Promise<void>((resolve) => arrive = resolve);
    const waiting = connectPlain(port, "127.0.0.1");
    waiting.on("error", () => {});
    await arrived;
    listener.dropPending();
    waiting.resume();
    await once(waiting, "close");
    done.write("still here");
    const [bytes] = await once(done, "data");
    assert.equal(String(bytes), "still here");
    done.destroy();
    server.close();
  });

  test("a client that leaves in the middle of a handshake harms nobody", async () => {
    const s = await stage().open({});
    await s.front.ready();
    for (const first of ["", "\x16", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\x16\xff\xff\xff\xff\xff"]) {
      const socket = connectPlain(s.port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      if (first !== "") socket.write(Buffer.from(first, "latin1"));
      socket.destroy();
    }
    assert.equal((await s.see({})).subject, FAKE);
  });
});
