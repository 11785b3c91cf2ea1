/**
 * Balancing over real sockets: endpoints that leave, endpoints that fail, and clients that stay with theirs.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, describe, it } from "node:test";
import type { DataPlane } from "../../src/proxy/mod.ts";
import type { AffinityCookie, BalancerSpec, SnapshotUpdate, Upstream } from "../../src/snapshot/snapshot.ts";
import { type Ask, ask, echoBackend, refusedAddress, type Reply, serving } from "../support/data-plane.ts";
import { fakeCookie, firstUpdate, laterUpdate, location, upstream, virtualHost } from "../support/snapshot.ts";
import { answering, echo, RawBackend, RawClient } from "../support/wire.ts";

const NAME = "default-echo-80";
const HOST = "a.example";

const log = {
  enabled: true,
  path: "stdout",
  format: "$upstream_addr $status",
  escape: "default" as const,
  ofDefaultBackend: false,
  skipUrls: [],
};

function update(upstreams: readonly Upstream[], policies: Record<string, unknown> = {}): SnapshotUpdate {
  const hosts = [virtualHost(HOST, [location("prefix /", NAME, { policies })])];
  return firstUpdate({ hosts, upstreams, globals: { accessLog: log } });
}

const at = ({ endpoint }: RawBackend): string => `${endpoint.address}:${endpoint.port}`;

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}

describe("an endpoint that leaves", () => {
  const backends: RawBackend[] = [];
  const open = async (serve: Parameters<typeof RawBackend.open>[0]): Promise<RawBackend> => {
    const backend = await RawBackend.open(serve);
    backends.push(backend);
    return backend;
  };
  after(() => backends.forEach((backend) => backend.close()));

  it("finishes the response that it is sending, gets no new request, and is let go", async () => {
    const leaving = await open(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    });
    const staying = await open(answering(echo));
    await serving(update([upstream(NAME, [at(leaving)])]), async (plane) => {
      const reply = ask(plane, HOST, "/long");
      const connection = await leaving.connection(0);
      await connection.has("\r\n\r\n");
      plane.apply(laterUpdate({ upstreams: [upstream(NAME, [at(staying)])] }));
      for (let i = 0; i < 3; i++) assert.match((await ask(plane, HOST, `/new/${i}`)).text, /^GET \/new/);
      assert.equal(connection.ended, false);
      connection.send("last.");
      assert.equal((await reply).text, "firstlast.");
      await connection.end();
      assert.equal(leaving.connections.length, 1);
    });
  });

  it("is let go at once where nothing is in flight; those that stay keep their connections", async () => {
    const [leaving, staying] = [await open(answering(echo)), await open(answering(echo))];
    await serving(update([upstream(NAME, [at(leaving), at(staying)])]), async (plane) => {
      for (let i = 0; i < 4; i++) await ask(plane, HOST, "/");
      const connection = await leaving.connection(0);
      assert.equal(connection.ended, false);
      plane.apply(laterUpdate({ upstreams: [upstream(NAME, [at(staying)])] }));
      await connection.end();
      for (let i = 0; i < 4; i++) await ask(plane, HOST, "/");
      assert.equal(leaving.connections.length, 1);
      assert.equal(staying.connections.length, 1);
      plane.apply(laterUpdate({ upstreams: [upstream(NAME, [at(leaving), at(staying)])] }));
      for (let i = 0; i < 4; i++) await ask(plane, HOST, "/");
      assert.equal(leaving.connections.length, 2, "having come back it is used like any other");
      assert.equal(leaving.connections[1]!.ended, false);
    });
  });

  it("keeps its connections while another upstream has it, and when only the name of the upstream changes", async () => {
    const backend = await open(answering(echo));
    const other = upstream("default-echo-http", [at(backend)]);
    await serving(update([upstream(NAME, [at(backend)]), other]), async (plane) => {
      await ask(plane, HOST, "/");
      plane.apply(laterUpdate({ upstreams: [upstream("default-echo-http", [])] }));
      await ask(plane, HOST, "/");
      const hosts = [virtualHost(HOST, [location("prefix /", "default/echo/80")])];
      const renamed = { ...upstream(NAME, [at(backend)]), name: "default/echo/80" };
      plane.apply(laterUpdate({ hosts, removeUpstreams: [NAME], upstreams: [renamed] }));
      assert.match((await ask(plane, HOST, "/renamed")).text, /^GET \/renamed/);
      assert.equal(backend.connections.length, 1);
    });
  });

  it("finishes an open tunnel", async () => {
    const leaving = await open(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
      await connection.has("ping");
      connection.send("pong");
    });
    await serving(update([upstream(NAME, [at(leaving)])]), async (plane) => {
      const client = await RawClient.open(plane.ports.http);
      client.send(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n`);
      await client.has(" 101 ");
      plane.apply(laterUpdate({ upstreams: [upstream(NAME, [])] }));
      client.send("ping");
      await client.has("pong");
      client.socket.destroy();
    });
  });
});

describe("an endpoint that is out of reach", () => {
  it("is tried last for a moment, and still tried when the others fail", async () => {
    const [dead, one, two] = [await refusedAddress(), await echoBackend("one"), await echoBackend("two")];
    await serving(update([upstream(NAME, [dead, one.at, two.at])]), async (plane, lines) => {
      // one of the first three meets it
      for (let i = 0; i < 3; i++) assert.equal((await ask(plane, HOST, "/")).status, 200);
      for (let i = 0; i < 8; i++) assert.equal((await ask(plane, HOST, "/")).status, 200);
      await Promise.all([close(one), close(two)]);
      assert.equal((await ask(plane, HOST, "/")).status, 502);
      await plane.close(1_000);
      const attempts = lines().trimEnd().split("\n");
      assert.equal(attempts.slice(0, 3).filter((line) => line.includes(dead)).length, 1);
      const well = attempts.slice(3, 11);
      assert.ok(well.every((line) => !line.includes(dead)), well.join("\n"));
      assert.equal(well.filter((line) => line.startsWith(one.at)).length, 4, "the others take even turns");
      const tried = attempts[11]!.split(/,? /);
      assert.deepEqual(tried.slice(0, 2).sort(), [one.at, two.at].sort());
      assert.deepEqual(tried.slice(2), [dead, "502"]);
    });
  });

  it("takes its turn all the same where proxy-next-upstream is off", async () => {
    const [dead, one] = [await refusedAddress(), await echoBackend("one")];
    const off = { error: false, timeout: false, invalidHeader: false, statuses: [], nonIdempotent: false };
    const policies = { "proxy-next-upstream": { ...off, tries: 3, timeoutMs: 0 } };
    await serving(update([upstream(NAME, [dead, one.at])], policies), async (plane) => {
      const statuses: number[] = [];
      for (let i = 0; i < 6; i++) statuses.push((await ask(plane, HOST, "/")).status);
      assert.deepEqual(statuses.sort(), [200, 200, 200, 502, 502, 502]);
    });
    await close(one);
  });

  it("is passed over for a moment when it takes connections and does not answer", async () => {
    const hung = await RawBackend.open(() => {});
    const good = await RawBackend.open(answering(echo));
    const timeouts = { connectTimeoutMs: 5_000, sendTimeoutMs: 60_000, readTimeoutMs: 50 };
    await serving(update([upstream(NAME, [at(hung), at(good)])], { "proxy-timeouts": timeouts }), async (plane) => {
      for (let i = 0; i < 8; i++) assert.equal((await ask(plane, HOST, "/")).status, 200);
      assert.equal(hung.connections.length, 1);
    });
    hung.close();
    good.close();
  });
});

describe("a client of a sticky upstream", () => {
  let one: Server & { at: string };
  let two: Server & { at: string };
  let three: Server & { at: string };
  before(async () => {
    [one, two, three] = await Promise.all(["one", "two", "three"].map(echoBackend)) as [
      typeof one,
      typeof two,
      typeof three,
    ];
  });
  after(() => Promise.all([one, two, three].map(close)));

  const COOKIE = fakeCookie("SID");
  const spec = (
    mode: "balanced" | "persistent",
    changeOnFailure = false,
    cookie: Partial<AffinityCookie> = {},
  ): BalancerSpec => ({ kind: "sticky", mode, changeOnFailure, cookie: { ...COOKIE, ...cookie } });
  const policies = { "affinity-cookie": { enabled: true } } as const;
  const cookieOf = ({ headers }: Reply): string => headers["set-cookie"]![0]!.split(";")[0]!;
  const askWith = (plane: DataPlane, cookie: string, given: Ask = {}): Promise<Reply> =>
    ask(plane, HOST, "/", { ...given, headers: { cookie } });

  for (const mode of ["balanced", "persistent"] as const) {
    it(`stays with its endpoint over updates (${mode})`, async () => {
      const both = upstream(NAME, [one.at, two.at], { balancer: spec(mode) });
      await serving(update([both], policies), async (plane) => {
        const first = await ask(plane, HOST, "/");
        assert.match(first.headers["set-cookie"]!.join(), /^SID=[0-9a-f.]+\|[0-9a-f]{32}; Path=\/; HttpOnly$/);
        const cookie = cookieOf(first);
        for (let i = 0; i < 6; i++) {
          const balancer = spec(mode, false, { maxAgeSeconds: i });
          plane.apply(laterUpdate({ upstreams: [{ ...both, balancer }] }));
          const again = await askWith(plane, cookie);
          assert.equal(again.echo.name, first.echo.name);
          assert.equal(again.headers["set-cookie"], undefined);
        }
        const secure = await ask(plane, HOST, "/", { tls: true });
        assert.match(secure.headers["set-cookie"]!.join(), /; Secure; HttpOnly$/);
      });
    });

    it(`is given another endpoint when its own has left (${mode})`, async () => {
      const balancer = spec(mode);
      const addresses: Record<string, string> = { one: one.at, two: two.at, three: three.at };
      const all = upstream(NAME, Object.values(addresses), { balancer });
      await serving(update([all], policies), async (plane) => {
        const first = await ask(plane, HOST, "/");
        delete addresses[first.echo.name];
        plane.apply(laterUpdate({ upstreams: [upstream(NAME, Object.values(addresses), { balancer })] }));
        const moved = await askWith(plane, cookieOf(first));
        assert.equal(moved.status, 200);
        assert.notEqual(moved.echo.name, first.echo.name);
        const cookie = moved.headers["set-cookie"] === undefined ? cookieOf(first) : cookieOf(moved);
        assert.equal((await askWith(plane, cookie)).echo.name, moved.echo.name);
      });
    });

    it(`gets the failure of its endpoint, or, with change-on-failure, another one (${mode})`, async () => {
      const failing = await echoBackend("failing");
      const endpoints = [failing.at, one.at];
      await serving(update([upstream(NAME, endpoints, { balancer: spec(mode) })], policies), async (plane) => {
        let bound = await ask(plane, HOST, "/");
        while (bound.echo.name !== "failing") bound = await ask(plane, HOST, "/");
        await close(failing);
        const failed = await askWith(plane, cookieOf(bound));
        assert.equal(failed.status, 502);
        assert.equal(failed.headers["set-cookie"], undefined);
        for (let i = 0; i < 6; i++) {
          const newcomer = await ask(plane, HOST, "/");
          assert.equal(newcomer.echo.name, "one");
          assert.equal(newcomer.headers["set-cookie"]!.length, 1);
          assert.equal((await askWith(plane, cookieOf(newcomer))).echo.name, "one");
        }
        plane.apply(laterUpdate({ upstreams: [upstream(NAME, endpoints, { balancer: spec(mode, true) })] }));
        const moved = await askWith(plane, cookieOf(bound));
        assert.equal(moved.echo.name, "one");
        const stays = await askWith(plane, cookieOf(moved));
        assert.equal(stays.echo.name, "one");
        assert.equal(stays.headers["set-cookie"], undefined);
      });
    });
  }

  it("is told its cookie only where the Ingress asked for affinity, beside the cookies of the upstream", async () => {
    const setting = await RawBackend.open(answering(() => {
      return "HTTP/1.1 200 OK\r\nSet-Cookie: own=1\r\nContent-Length: 0\r\n\r\n";
    }));
    const hosts = [virtualHost(HOST, [
      location("prefix /", NAME),
      location("prefix /app/", NAME, { path: "/app", policies }),
    ])];
    const upstreams = [upstream(NAME, [at(setting)], { balancer: spec("balanced") })];
    await serving(firstUpdate({ hosts, upstreams }), async (plane) => {
      assert.deepEqual((await ask(plane, HOST, "/")).headers["set-cookie"], ["own=1"]);
      const [own, ours, ...more] = (await ask(plane, HOST, "/app/x")).headers["set-cookie"]!;
      assert.equal(own, "own=1");
      assert.match(ours!, /^SID=.*; Path=\/app; HttpOnly$/);
      assert.deepEqual(more, []);
    });
    setting.close();
  });
});
