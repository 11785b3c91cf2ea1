import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { describe, it } from "node:test";
import { connect, type ConnectionOptions } from "node:tls";
import { clientHello, inRecords } from "../../../support/client-hello.ts";
import { TlsFront } from "../../../../src/proxy/tls/mod.ts";
import { runtime } from "../../../../src/runtime/mod.ts";
import {
  type HostTls,
  type SnapshotUpdate,
  type TlsProfile,
  updateOf,
  type VirtualHost,
} from "../../../../src/snapshot/mod.ts";
import { makeCertificate } from "../../../support/certificates.ts";
import { Opened } from "../../../support/opened.ts";
import { fakeGlobals } from "../../../support/policy.ts";
import { tlsProfile, virtualHost } from "../../../support/snapshot.ts";
import { Inbox } from "../../../support/wire.ts";

const opened = new Opened();
const pair = makeCertificate({ names: ["old.example", "new.example"] });
const certificate = { id: "default/pair", ...pair, sha1: "", names: [], notAfterMs: 0 };

function host(name: string, profile: string): VirtualHost {
  const tls: HostTls = { kind: "terminate", certificate: certificate.id, serverNames: [name] };
  return virtualHost(name, [], { tls, tlsProfile: profile });
}

const passed = virtualHost("passed.example", [], { tls: { kind: "passthrough", upstream: "default-passed-443" } });
const OLD = host("old.example", "only-1.2");
const NEW = host("new.example", "only-1.3");
const PROFILES: readonly TlsProfile[] = [
  tlsProfile(),
  tlsProfile({ id: "only-1.2", protocols: ["TLSv1.2"], ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" }),
  tlsProfile({ id: "only-1.3", protocols: ["TLSv1.3"] }),
];

interface Stage {
  readonly front: TlsFront;
  readonly port: number;
  readonly logged: string[];
  /** What came by passthrough. */
  readonly relayed: { socket: Socket; upstream: string }[];
  apply(update: Partial<SnapshotUpdate>): void;
}

/** A front that answers each handshake with one byte. */
async function stage(hosts: readonly VirtualHost[], profiles = PROFILES, headerTimeoutMs = 60_000): Promise<Stage> {
  const logged: string[] = [];
  const log = (message: string, fields?: object): void => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const known = new Map<string, VirtualHost>();
  const front = new TlsFront({
    logger: { debug: log, info: log, warning: log, error: log },
    applicationProtocols: ["h2", "http/1.1"],
    serves: (name) => known.has(name),
    hostFor: (name) => known.get(name),
  });
  const apply = (update: Partial<SnapshotUpdate>): void => {
    for (const each of update.virtualHosts?.set ?? []) known.set(each.name, each);
    front.apply(updateOf(update));
  };
  apply({
    globals: fakeGlobals({ client: { headerTimeoutMs } }),
    tlsProfiles: { set: profiles, remove: [] },
    certificates: { set: [certificate], remove: [] },
    virtualHosts: { set: hosts, remove: [] },
  });
  await front.ready();
  const relayed: Stage["relayed"] = [];
  const handlers = front.listener({
    secure: (socket) => {
      opened.keep({ close: () => socket.destroy() });
      socket.on("error", () => {});
      socket.on("data", (bytes) => socket.write(bytes));
      socket.write("!");
    },
    plain: (socket) => socket.destroy(),
    passthrough: (socket, upstream) => {
      relayed.push({ socket, upstream });
      opened.keep({ close: () => socket.destroy() });
      socket.on("data", (bytes) => socket.write(bytes));
      socket.resume();
    },
  });
  const listener = await runtime().tcp.listen(
    { address: "127.0.0.1", port: 0, reusePort: false, backlog: 64 },
    (socket) => handlers.accept(socket),
    (error) => assert.fail(error),
  );
  opened.keep(listener);
  return { front, port: listener.port, logged, relayed, apply };
}

/** Version and cipher of a handshake that works; `null`: it fails. */
async function agree(port: number, options: ConnectionOptions): Promise<{ version: string; cipher: string } | null> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  const inbox = new Inbox(socket);
  try {
    await inbox.until(() => inbox.text !== "" || inbox.closed || inbox.error !== null, "an answer");
    return inbox.text === "" ? null : { version: socket.getProtocol() ?? "", cipher: socket.getCipher().name };
  } finally {
    socket.destroy();
  }
}

async function client(port: number): Promise<Inbox> {
  const socket = connectPlain(port, "127.0.0.1");
  opened.keep({ close: () => socket.destroy() });
  await once(socket, "connect");
  return new Inbox(socket);
}

const v12: ConnectionOptions = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" };
const v13: ConnectionOptions = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3" };

describe("TLS profiles", () => {
  it("hold each host to its own versions", async () => {
    const { port } = await stage([OLD, NEW]);
    const version = async (options: ConnectionOptions) => (await agree(port, options))?.version ?? null;
    assert.equal(await version({ servername: "old.example" }), "TLSv1.2");
    assert.equal(await version({ servername: "new.example" }), "TLSv1.3");
    assert.equal(await version({ servername: "old.example", ...v13 }), null);
    assert.equal(await version({ servername: "new.example", ...v12 }), null);
    // the default profile, for names of no host and for none
    assert.equal(await version({ servername: "other.example", ...v12 }), "TLSv1.2");
    assert.equal(await version({ servername: "other.example", ...v13 }), "TLSv1.3");
    assert.equal(await version(v12), "TLSv1.2");
  });

  it("hold each host to its own ciphers", { skip: runtime().name === "deno" }, async () => {
    const { port } = await stage([OLD, NEW, host("usual.example", "default")]);
    assert.equal((await agree(port, { servername: "old.example" }))?.cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
    const ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    assert.equal(await agree(port, { servername: "old.example", ciphers, ...v12 }), null);
    assert.equal((await agree(port, { servername: "usual.example", ciphers, ...v12 }))?.cipher, ciphers);
  });

  it("change while handshakes go on, and go", async () => {
    const { port, apply } = await stage([OLD, NEW]);
    const held = connect({ port, host: "127.0.0.1", servername: "old.example", rejectUnauthorized: false });
    opened.keep({ close: () => held.destroy() });
    const inbox = new Inbox(held);
    await inbox.has("!");
    apply({ virtualHosts: { set: [host("old.example", "only-1.3")], remove: [] } });
    assert.equal(await agree(port, { servername: "old.example", ...v12 }), null);
    apply({
      tlsProfiles: { set: [], remove: ["only-1.2", "only-1.3"] },
      virtualHosts: { set: [host("old.example", "default"), host("new.example", "default")], remove: [] },
    });
    assert.equal((await agree(port, { servername: "old.example", ...v12 }))?.version, "TLSv1.2");
    assert.equal((await agree(port, { servername: "new.example", ...v12 }))?.version, "TLSv1.2");
    held.write("still");
    await inbox.has("still");
  });

  it("refuse a host whose profile is not known", async () => {
    const { port } = await stage([host("old.example", "no-such-profile"), NEW]);
    assert.equal(await agree(port, { servername: "old.example" }), null);
    assert.equal((await agree(port, { servername: "new.example" }))?.version, "TLSv1.3");
  });

  it("are chosen by a name that comes in small records, byte by byte", async () => {
    const { port, logged } = await stage([OLD, NEW]);
    const inbox = await client(port);
    // A name that is served, and nothing behind it that a handshake could go on with: it fails in the profile's server.
    for (const byte of inRecords(clientHello({ serverName: "old.example" }), 3)) {
      inbox.socket.write(Uint8Array.of(byte));
    }
    await inbox.until(() => inbox.text !== "" || inbox.closed, "an alert");
    assert.ok(!logged.some((line) => line.includes("ClientHello")), logged.join("\n"));
  });

  it("end a connection whose ClientHello cannot be read", async () => {
    const { port, logged } = await stage([OLD, NEW]);
    const inbox = await client(port);
    inbox.socket.write(inRecords(clientHello({ serverName: "a b" })));
    await inbox.until(() => inbox.closed, "the end");
    assert.ok(logged.some((line) => line.includes("the server_name extension is malformed")), logged.join("\n"));
  });

  it("end a connection whose ClientHello does not come in time", async () => {
    const { port } = await stage([OLD, NEW], PROFILES, 50);
    const inbox = await client(port);
    inbox.socket.write(inRecords(clientHello()).subarray(0, 40));
    await inbox.until(() => inbox.closed, "the end");
  });

  it("let a ClientHello pass unread while there is one profile", async () => {
    const { port, logged } = await stage([host("old.example", "default")], [tlsProfile()]);
    const inbox = await client(port);
    inbox.socket.write(inRecords(clientHello({ serverName: "a b" })));
    await inbox.until(() => inbox.closed || inbox.text !== "", "an alert");
    assert.ok(!logged.some((line) => line.includes("server_name")), logged.join("\n"));
  });
});

describe("a host that is passed through", () => {
  it("gets the connection as it came, whatever its records", async () => {
    const { port, relayed } = await stage([passed], [tlsProfile()]);
    const inbox = await client(port);
    const bytes = inRecords(clientHello({ serverName: "passed.example" }), 50);
    for (let at = 0; at < bytes.length; at += 20) inbox.socket.write(bytes.subarray(at, at + 20));
    // the handler sends back what it reads
    await inbox.until(() => inbox.text.length >= bytes.length, "the bytes");
    assert.equal(inbox.text, bytes.toString("latin1"));
    assert.deepEqual(relayed.map(({ upstream }) => upstream), ["default-passed-443"]);
    inbox.socket.write("more");
    await inbox.has("more");
  });

  it("leaves the others to their handshakes", async () => {
    const { port, relayed } = await stage([passed, host("old.example", "default")], [tlsProfile()]);
    assert.ok(await agree(port, { servername: "old.example" }) !== null);
    assert.ok(await agree(port, {}) !== null);
    assert.equal(relayed.length, 0);
  });
});
