/**
 * Ports of the snapshot, opened and closed while others serve: by a data plane of its own, and by two workers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { describe, it } from "node:test";
import process from "node:process";
import type { Logger } from "../../src/observe/mod.ts";
import { DataPlane, type DataPlaneOptions, type StreamHandler } from "../../src/proxy/mod.ts";
import type { Listener } from "../../src/snapshot/mod.ts";
import { refusedAddress } from "../support/data-plane.ts";
import { Opened } from "../support/opened.ts";
import { ask } from "../support/sallyport.ts";
import { firstUpdate, laterUpdate, location, virtualHost, webListener } from "../support/snapshot.ts";
import { Waiting } from "../support/waiting.ts";
import { RawClient } from "../support/wire.ts";
import { Workers } from "../support/worker-pool.ts";

const quiet: Logger = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };
const opened = new Opened();
const SLOW = { timeout: 60_000 };
const GET = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

const hosts = [virtualHost("a.example", [location("prefix /")])];

/** Says where it would lead, then sends back what comes. */
const echo: StreamHandler = ({ socket, upstream, proxied }) => {
  socket.on("data", (bytes) => socket.write(bytes));
  socket.on("end", () => socket.end());
  socket.write(`${upstream} for ${proxied?.sourceAddress ?? "itself"}\n`, "latin1");
  socket.resume();
};

function tcpListener(name: string, port: number, upstream: string, proxyProtocol: boolean = false): Listener {
  return { name, address: "127.0.0.1", port, protocol: "tcp", proxyProtocol, upstream };
}

/** A data plane that listens, and a wait for what its listeners come to. */
async function serving(
  options: Partial<DataPlaneOptions> = {},
  stream: StreamHandler | null = echo,
): Promise<{ plane: DataPlane; until: (wanted: () => boolean) => Promise<void> }> {
  const waiting = new Waiting(() => false, () => JSON.stringify(plane.listenFailures));
  const plane = new DataPlane({
    logger: quiet,
    accessLog: () => Promise.resolve(),
    onListeners: () => waiting.look(),
    ...stream === null ? {} : { stream },
    ...options,
  });
  opened.keep({ close: () => plane.close(0) });
  plane.apply(firstUpdate({ hosts }));
  await plane.listen();
  return { plane, until: (wanted) => waiting.until(wanted, "listeners") };
}

async function client(port: number): Promise<RawClient> {
  const made = await RawClient.open(port);
  opened.keep({ close: () => made.socket.destroy() });
  return made;
}

async function take(port: number = 0): Promise<Server> {
  const server = createServer();
  opened.keep({ close: () => server.close() });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const freePort = async (): Promise<number> => Number((await refusedAddress()).split(":")[1]);

/** Resolves when nobody takes connections at the port. */
async function refused(port: number): Promise<void> {
  for (;;) {
    try {
      (await RawClient.open(port)).socket.destroy();
    } catch {
      return;
    }
  }
}

describe("a data plane", () => {
  it("opens a tcp port and closes it, while a connection of another port and its own go on", SLOW, async () => {
    const { plane, until } = await serving();
    const web = await client(plane.ports.http);
    web.send(GET);
    await web.has("HTTP/1.1 404");

    plane.apply(laterUpdate({ listeners: [tcpListener("db", 0, "default-db-1")] }));
    await until(() => plane.port("db") > 0);
    const port = plane.port("db");
    const db = await client(port);
    await db.has("default-db-1 for itself\n");
    db.send("one");
    await db.has("one");
    web.send(GET);
    await web.has("HTTP/1.1 404", 2);

    plane.apply(laterUpdate({ listeners: [], removeListeners: ["db"] }));
    assert.equal(plane.port("db"), 0);
    await refused(port);
    db.send("two");
    await db.has("two");
    web.send(GET);
    await web.has("HTTP/1.1 404", 3);
    assert.equal(web.ended, false);
  });

  it("speaks to new connections as the listener says now, on the port that stays open", SLOW, async () => {
    const { plane, until } = await serving();
    const port = await freePort();
    plane.apply(laterUpdate({ listeners: [tcpListener("db", port, "default-db-1")] }));
    await until(() => plane.port("db") === port);
    const before = await client(port);
    await before.has("default-db-1 for itself\n");

    plane.apply(laterUpdate({ listeners: [tcpListener("db", port, "default-db-2", true)] }));
    const proxied = await client(port);
    proxied.send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello");
    await proxied.has("default-db-2 for 192.0.2.1\n");
    await proxied.has("hello");

    plane.apply(laterUpdate({ listeners: [{ ...webListener("http"), name: "db", port }] }));
    assert.equal((await ask(port, "/", { host: "a.example" })).status, 404);
    before.send("still");
    await before.has("still");
  });

  it("tells of a port that somebody else holds, and opens it when it is free", SLOW, async () => {
    const lines: string[] = [];
    const log = (message: string): void => void lines.push(message);
    const logger: Logger = { ...quiet, info: log, error: log };
    const { plane, until } = await serving({ logger });
    const other = await take();
    const port = portOf(other);
    plane.apply(laterUpdate({ listeners: [tcpListener("db", port, "default-db-1")] }));
    await until(() => plane.listenFailures.length > 0);
    const [failure] = plane.listenFailures;
    assert.deepEqual([failure?.listener.name, failure?.code], ["db", "EADDRINUSE"]);
    assert.equal((await ask(plane.ports.http, "/", { host: "a.example" })).status, 404);
    other.close();
    await until(() => plane.port("db") === port);
    assert.deepEqual(plane.listenFailures, []);
    await (await client(port)).has("default-db-1");
    assert.deepEqual(lines, [
      "cannot listen on a port: it is tried again",
      "a port that could not be opened is open now",
    ]);
  });

  it("does not begin without its HTTP ports", SLOW, async () => {
    const other = await take();
    const plane = new DataPlane({ logger: quiet, accessLog: () => Promise.resolve() });
    opened.keep({ close: () => plane.close(0) });
    plane.apply(
      firstUpdate({ hosts, listeners: [webListener("http"), { ...webListener("https"), port: portOf(other) }] }),
    );
    await assert.rejects(plane.listen(), { name: "ListenError", code: "EADDRINUSE", port: portOf(other) });
    assert.deepEqual(plane.ports, { http: 0, https: 0 });
  });

  it("tells of two listeners of one port, and of protocols that it does not speak", SLOW, async () => {
    const { plane, until } = await serving();
    const port = await freePort();
    plane.apply(laterUpdate({
      listeners: [
        tcpListener("a", port, "default-a-1"),
        tcpListener("b", port, "default-b-1"),
        { name: "dns", address: "127.0.0.1", port, protocol: "udp", upstream: "default-dns-53" },
      ],
    }));
    await until(() => plane.port("a") === port && plane.listenFailures.length === 2);
    assert.deepEqual(plane.listenFailures.map(({ listener, message }) => `${listener.name}: ${message}`), [
      'b: listener "a" has the same port',
      "dns: udp is not spoken by this data plane",
    ]);
    await (await client(port)).has("default-a-1");
  });

  it("logs two listeners of one port once, and tells when the other one has it", SLOW, async () => {
    const lines: string[] = [];
    const logger: Logger = { ...quiet, error: (message, fields) => lines.push(`${message}: ${fields?.["listener"]}`) };
    const { plane, until } = await serving({ logger });
    const port = await freePort();
    const [a, b] = [tcpListener("a", port, "default-a-1"), tcpListener("b", port, "default-b-1")];
    plane.apply(laterUpdate({ listeners: [b] }));
    await until(() => plane.port("b") === port);
    plane.apply(laterUpdate({ listeners: [a] }));
    await until(() => plane.listenFailures.length === 1);
    await (await client(port)).has("default-a-1");
    plane.apply(laterUpdate({ listeners: [tcpListener("a", port, "default-a-2")] }));
    plane.apply(laterUpdate({ listeners: [], removeListeners: ["a"] }));
    await until(() => plane.port("b") === port && plane.listenFailures.length === 0);
    await (await client(port)).has("default-b-1");
    assert.deepEqual(lines, ["two listeners have the same port: b"]);
  });

  it("closes a port whose listener speaks what nobody takes any more, and tells of it", SLOW, async () => {
    const { plane, until } = await serving({}, null);
    const port = await freePort();
    const web = { ...webListener("http"), name: "extra", port };
    plane.apply(laterUpdate({ listeners: [web] }));
    await until(() => plane.port("extra") === port);
    plane.apply(laterUpdate({ listeners: [tcpListener("extra", port, "default-db-1")] }));
    await until(() => plane.listenFailures.length === 1);
    assert.equal(plane.listenFailures[0]?.message, "tcp is not spoken by this data plane");
    await refused(port);
    plane.apply(laterUpdate({ listeners: [web] }));
    await until(() => plane.port("extra") === port && plane.listenFailures.length === 0);
  });
});

describe("two workers", () => {
  const extra = (port: number): Listener => ({ ...webListener("http"), name: "extra", port });
  /** Each on a connection of its own: the kernel deals them out to both. */
  const statuses = async (port: number): Promise<number[]> => {
    const told = await Promise.all(Array.from({ length: 24 }, () => ask(port, "/", { host: "a.example" })));
    return [...new Set(told.map(({ status }) => status))];
  };

  it("open and close a port, and a connection of another one goes on", SLOW, async () => {
    await using workers = new Workers();
    await workers.apply(firstUpdate({ hosts }));
    await workers.listen();
    const web = await client(workers.pool.ports.http);
    web.send(GET);
    await web.has("HTTP/1.1 404");

    await workers.apply(laterUpdate({ listeners: [extra(0)] }));
    const port = workers.pool.port("extra");
    assert.ok(port > 0);
    assert.deepEqual(await statuses(port), [404]);
    const held = await client(port);
    held.send(GET);
    await held.has("HTTP/1.1 404");

    await workers.apply(laterUpdate({ removeListeners: ["extra"] }));
    assert.equal(workers.pool.port("extra"), 0);
    await assert.rejects(RawClient.open(port), { code: "ECONNREFUSED" });
    for (const each of [web, held]) {
      each.send(GET);
      await each.has("HTTP/1.1 404", 2);
    }
  });

  it("tell of a port that somebody else holds, and open it when it is free", SLOW, async () => {
    await using workers = new Workers();
    await workers.apply(firstUpdate({ hosts }));
    await workers.listen();
    const other = await take();
    const port = portOf(other);
    await workers.apply(laterUpdate({ listeners: [extra(port)] }));
    const [failure] = workers.pool.listenFailures;
    assert.deepEqual([failure?.listener.name, failure?.code], ["extra", "EADDRINUSE"]);
    other.close();
    await workers.logged("a port that could not be opened is open now");
    await workers.apply(laterUpdate({}));
    assert.deepEqual(await statuses(port), [404]);
    assert.deepEqual(workers.pool.listenFailures, []);
  });

  it("are started again with the ports of now", SLOW, async () => {
    await using workers = new Workers();
    await workers.apply(firstUpdate({ hosts }));
    await workers.listen();
    await workers.apply(laterUpdate({ listeners: [extra(0)] }));
    process.kill(workers.pool.pids[0]!, "SIGKILL");
    await workers.logged("worker serves again");
    assert.deepEqual(await statuses(workers.pool.port("extra")), [404]);
  });
});
