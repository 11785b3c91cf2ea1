import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../src/observe/mod.ts";
import { Opened } from "../support/opened.ts";
import {
  answering,
  type BackendConnection,
  echo,
  forwardSettings,
  RawBackend,
  refusingEndpoint,
  TestFront,
  type TestFrontOptions,
} from "../support/wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
const RETRY = forwardSettings().retry;

const opened = new Opened();

async function backends(...serve: ((connection: BackendConnection) => void | Promise<void>)[]): Promise<RawBackend[]> {
  return await Promise.all(serve.map(async (each) => opened.keep(await RawBackend.open(each))));
}

async function open(options: TestFrontOptions): Promise<TestFront> {
  return opened.keep(await TestFront.open(options));
}

/** Reads the request, then does `what`. */
function afterRequest(what: (connection: BackendConnection) => void): (connection: BackendConnection) => Promise<void> {
  return async (connection) => {
    await connection.has("\r\n\r\n");
    what(connection);
  };
}

const closing = afterRequest((connection) => connection.socket.destroy());
const resetting = afterRequest((connection) => connection.socket.resetAndDestroy());

describe("an upstream that gives no answer", () => {
  for (const [name, serve] of [["closes", closing], ["resets", resetting]] as const) {
    it(`and ${name}: the next one is asked`, async () => {
      const [bad, good] = await backends(serve, answering(echo));
      const front = await open({ endpoints: [bad!.endpoint, good!.endpoint] });
      assert.match(await front.exchange(GET), /^HTTP\/1\.1 200 /);
      const { attempts } = await front.end(0);
      assert.deepEqual(attempts.map(({ status }) => status), [502, 200]);
      assert.ok(attempts.every(({ responseMs }) => responseMs >= 0));
    });

    it(`and ${name}: a POST that was sent is not sent again, unless non_idempotent says so`, async () => {
      const [bad, good] = await backends(serve, answering(echo));
      const endpoints = [bad!.endpoint, good!.endpoint];
      const front = await open({ endpoints });
      assert.match(await front.exchange(POST), /^HTTP\/1\.1 502 Bad Gateway\r\n/);
      const lenient = await open({ endpoints, settings: { retry: { ...RETRY, nonIdempotent: true } } });
      assert.match(await lenient.exchange(POST), /^HTTP\/1\.1 200 /);
    });
  }

  it("by refusing the connection: a POST goes to the next one, since it was never sent", async () => {
    const [good] = await backends(answering(echo));
    const front = await open({ endpoints: [await refusingEndpoint(), good!.endpoint] });
    assert.match(await front.exchange(POST), /^HTTP\/1\.1 200 /);
    const { attempts } = await front.end(0);
    assert.deepEqual(attempts.map(({ status, connectMs }) => [status, connectMs >= 0]), [[502, false], [200, true]]);
  });

  it("is tried as often as there are tries, then the client gets 502", async () => {
    const [bad] = await backends(closing);
    const endpoints = Array.from({ length: 5 }, () => bad!.endpoint);
    const front = await open({ endpoints });
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 502 /);
    assert.equal(bad!.connections.length, 3);
    assert.equal(front.errors[0]!.code, "upstream-closed");
    const once = await open({ endpoints, settings: { retry: { ...RETRY, error: false } } });
    assert.match(await once.exchange(GET), /^HTTP\/1\.1 502 /);
    assert.equal(bad!.connections.length, 4);
  });

  it("at all: 503 when there is no endpoint", async () => {
    const front = await open({ endpoints: [] });
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 503 Service Temporarily Unavailable\r\n/);
    assert.equal(front.errors[0]!.code, "upstream-none");
  });
});

describe("an upstream that answers rubbish", () => {
  for (
    const [name, response] of [
      ["no status line", "hello\r\n\r\n"],
      ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n"],
      ["a TLS alert", "\x15\x03\x01\x00\x02\x02\x16"],
      ["HTTP/2", "HTTP/2 200\r\n\r\n"],
      ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
      ["both framings", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
      ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
      ["a length of words", "HTTP/1.1 200 OK\r\nContent-Length: one\r\n\r\na"],
      ["an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
      ["NUL in a field", "HTTP/1.1 200 OK\r\nX-A: \0\r\n\r\n"],
      ["a head without end", `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(5000)}`],
      ["a head that is too long", `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(5000)}\r\n\r\n`],
      ["an upgrade nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"],
      ["interim responses without end", "HTTP/1.1 102 Processing\r\n\r\n".repeat(40)],
    ] as const
  ) {
    it(`(${name}): 502`, async () => {
      const [bad] = await backends(afterRequest((connection) => connection.send(response)));
      const front = await open({ endpoints: [bad!.endpoint], settings: { maxResponseHeadBytes: 4096 } });
      const text = await front.exchange(GET);
      assert.match(text, /HTTP\/1\.1 502 Bad Gateway\r\n/);
      assert.equal(front.errors[0]!.code, "upstream-malformed");
      await bad!.connections[0]!.end();
    });
  }

  it("goes to the next one where invalid_header says so", async () => {
    const [bad, good] = await backends(afterRequest((connection) => connection.send("hello\r\n\r\n")), answering(echo));
    const settings = { retry: { ...RETRY, invalidHeader: true } };
    const front = await open({ endpoints: [bad!.endpoint, good!.endpoint], settings });
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 200 /);
  });
});

describe("an upstream that answers an error", () => {
  const unavailable = answering(() => "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno");

  it("is passed on by default", async () => {
    const [bad, good] = await backends(unavailable, answering(echo));
    const front = await open({ endpoints: [bad!.endpoint, good!.endpoint] });
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 503 No\r\n/);
  });

  it("is passed over where http_503 says so, but its answer is not lost when nobody else is left", async () => {
    const [bad, good] = await backends(unavailable, answering(echo));
    const settings = { retry: { ...RETRY, statuses: [503] } };
    const front = await open({ endpoints: [bad!.endpoint, good!.endpoint], settings });
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 200 /);
    const alone = await open({ endpoints: [bad!.endpoint], settings });
    assert.match(await alone.exchange(GET), /^HTTP\/1\.1 503 No\r\n[^]*\r\n\r\nno$/);
    assert.match(await front.exchange(POST), /^HTTP\/1\.1 503 No\r\n/);
  });
});

describe("a response that breaks off", () => {
  for (
    const [name, response] of [
      ["with a length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"],
      ["in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"],
      ["between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
      ["with a malformed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"],
    ] as const
  ) {
    it(`(${name}) is cut for the client as well, and not asked for again`, async () => {
      const [bad, good] = await backends(
        afterRequest((connection) => {
          connection.send(response);
          connection.socket.end();
        }),
        answering(echo),
      );
      const front = await open({ endpoints: [bad!.endpoint, good!.endpoint] });
      const client = await front.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const text = await client.end();
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
      assert.doesNotMatch(text, /\r\n0\r\n/);
      assert.equal(good!.connections.length, 0);
      client.socket.destroy();
    });
  }
});

describe("a response that breaks off and whose end would be that of the connection", () => {
  it("is reset for an HTTP/1.0 client", async () => {
    const [bad] = await backends(afterRequest((connection) => {
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
    }));
    const front = await open({ endpoints: [bad!.endpoint] });
    const client = await front.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    await client.has("abc");
    bad!.connections[0]!.socket.end();
    await client.until(() => client.closed, "a reset");
    assert.equal((client.error as { code?: string } | null)?.code, "ECONNRESET");
  });
});

describe("a pooled connection that was closed", () => {
  /** Answers once on each connection, then does `what` when the next request comes. */
  function staleAfterOne(
    what: (connection: BackendConnection) => void,
  ): (connection: BackendConnection) => Promise<void> {
    return async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      await connection.has("\r\n\r\n", 2);
      what(connection);
    };
  }

  it("meanwhile does not count as an attempt", async () => {
    const [backend] = await backends(staleAfterOne((connection) => connection.socket.destroy()));
    const settings = { retry: { ...RETRY, error: false, tries: 1 } };
    const front = await open({ endpoints: [backend!.endpoint], settings });
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 200 /);
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 200 /);
    assert.equal(backend!.connections.length, 2);
    assert.equal((await front.end(1)).attempts.length, 1);
  });

  it("under a POST is an error: it may have been carried out", async () => {
    const [backend] = await backends(staleAfterOne((connection) => connection.socket.destroy()));
    const front = await open({ endpoints: [backend!.endpoint] });
    assert.match(await front.exchange(GET), /^HTTP\/1\.1 200 /);
    assert.match(await front.exchange(POST), /^HTTP\/1\.1 502 /);
  });

  it("while idle is not used", async () => {
    const [backend] = await backends(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      connection.socket.end();
    });
    const front = await open({ endpoints: [backend!.endpoint] });
    for (let i = 0; i < 3; i++) {
      assert.match(await front.exchange(POST), /^HTTP\/1\.1 200 /);
      await backend!.connections[i]!.end();
      while (front.front.idleUpstreamConnections > 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it("that sends unasked is closed", async () => {
    const [backend] = await backends(afterRequest((connection) => {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      setTimeout(() => connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"), 20);
    }));
    const front = await open({ endpoints: [backend!.endpoint] });
    assert.match(await front.exchange(GET), /ok$/);
    await backend!.connections[0]!.end();
    assert.equal(front.front.idleUpstreamConnections, 0);
  });
});

describe("deadlines", () => {
  /** Moves the clock on until the exchange's end, in steps of a second; gives the seconds. */
  async function secondsUntilEnd(front: TestFront, clock: ManualClock, limit: number): Promise<number> {
    let seconds = 0;
    const ended = front.end(0);
    while (front.ended.length === 0 && seconds < limit) {
      clock.advance(1000);
      seconds++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await ended;
    return seconds;
  }

  it("proxy-read-timeout: 504 from a silent upstream", async () => {
    const clock = new ManualClock(1e9);
    const [silent] = await backends(afterRequest(() => {}));
    const settings = { readTimeoutMs: 10_000 };
    const front = await open({ endpoints: [silent!.endpoint], clock, settings });
    const client = await front.client();
    client.send(GET);
    await (await silent!.connection(0)).has("\r\n\r\n");
    const seconds = await secondsUntilEnd(front, clock, 20);
    assert.ok(seconds >= 10 && seconds <= 11, `${seconds} s`);
    assert.match(await client.end(), /^HTTP\/1\.1 504 Gateway Time-out\r\n/);
    assert.equal(front.errors[0]!.code, "upstream-timeout");
  });

  it("proxy-read-timeout: a head that comes too slowly is given up, however it drips", async () => {
    const clock = new ManualClock(1e9);
    const [slow] = await backends(afterRequest((connection) => connection.send("HTTP/1.1 200 OK\r\n")));
    const front = await open({ endpoints: [slow!.endpoint], clock, settings: { readTimeoutMs: 10_000 } });
    const client = await front.client();
    client.send(GET);
    await (await slow!.connection(0)).has("\r\n\r\n");
    const ended = front.end(0);
    for (let seconds = 0; front.ended.length === 0 && seconds < 20; seconds++) {
      clock.advance(1000);
      slow!.connections[0]!.send(`X-${seconds}: drip\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await ended;
    assert.match(await client.end(), /^HTTP\/1\.1 504 /);
  });

  it("proxy-read-timeout: the next upstream is asked, within the time for all", async () => {
    const clock = new ManualClock(1e9);
    const [silent, good] = await backends(afterRequest(() => {}), answering(echo));
    const endpoints = [silent!.endpoint, good!.endpoint];
    const front = await open({ endpoints, clock, settings: { readTimeoutMs: 10_000 } });
    const client = await front.client();
    client.send(GET);
    await (await silent!.connection(0)).has("\r\n\r\n");
    await secondsUntilEnd(front, clock, 20);
    assert.match(await client.end(), /^HTTP\/1\.1 200 /);
    const strict = await open({
      endpoints,
      clock,
      settings: { readTimeoutMs: 10_000, retry: { ...RETRY, timeoutMs: 5_000 } },
    });
    const second = await strict.client();
    second.send(GET);
    await (await silent!.connection(1)).has("\r\n\r\n");
    await secondsUntilEnd(strict, clock, 20);
    assert.match(await second.end(), /^HTTP\/1\.1 504 /);
  });

  it("proxy-read-timeout: a body that stalls is cut, one that drips is not", async () => {
    const clock = new ManualClock(1e9);
    const [slow] = await backends(afterRequest((connection) => {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\na");
    }));
    const front = await open({ endpoints: [slow!.endpoint], clock, settings: { readTimeoutMs: 10_000 } });
    const client = await front.client();
    client.send(GET);
    await client.has("\r\n\r\na");
    for (let i = 0; i < 3; i++) {
      for (let s = 0; s < 8; s++) clock.advance(1000);
      slow!.connections[0]!.send("b");
      await client.has("b".repeat(i + 1));
    }
    assert.equal(front.ended.length, 0);
    await secondsUntilEnd(front, clock, 20);
    assert.match(await client.end(), /\r\n\r\nabbb$/);
  });

  it("client-header-timeout: half a head is closed without an answer and logged as 408", async () => {
    const clock = new ManualClock(1e9);
    const front = await open({ clock, wire: { headerTimeoutMs: 10_000 } });
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Half: ");
    while (front.front.counters.idle > 0 || front.front.counters.accepted === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seconds = await secondsUntilEnd(front, clock, 20);
    assert.ok(seconds >= 10 && seconds <= 11, `${seconds} s`);
    assert.equal(await client.end(), "");
    assert.equal(client.error, null);
    client.socket.destroy();
    assert.equal(front.ended[0]!.status, 408);
  });

  it("client-body-timeout: half a body is reset and logged as 408", async () => {
    const clock = new ManualClock(1e9);
    const [backend] = await backends(answering(echo));
    const front = await open({ endpoints: [backend!.endpoint], clock, wire: { bodyTimeoutMs: 10_000 } });
    const client = await front.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    while (front.front.counters.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    await secondsUntilEnd(front, clock, 20);
    await client.until(() => client.closed, "a reset");
    assert.equal((client.error as { code?: string } | null)?.code, "ECONNRESET");
    assert.equal(client.text, "");
    assert.equal(front.ended[0]!.status, 408);
    assert.equal(backend!.connections.length, 0);
  });

  it("keep-alive: an idle connection ends in silence", async () => {
    const clock = new ManualClock(1e9);
    const [backend] = await backends(answering(echo));
    const front = await open({ endpoints: [backend!.endpoint], clock, wire: { keepAliveMs: 10_000 } });
    const client = await front.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("GET / HTTP/1.1\r\n");
    await front.end(0);
    for (let i = 0; i < 9; i++) clock.advance(1000);
    client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.has("GET /2 HTTP/1.1\r\n");
    await front.end(1);
    for (let i = 0; i < 11; i++) clock.advance(1000);
    assert.equal((await client.end()).match(/HTTP\/1\.1 200/g)?.length, 2);
    assert.equal(front.ended.length, 2);
  });

  it("idle connections to upstreams end after upstream-keepalive-timeout, and after their requests", async () => {
    const clock = new ManualClock(1e9);
    const [backend] = await backends(answering(echo));
    const front = await open({
      endpoints: [backend!.endpoint],
      clock,
      wire: { upstreamIdle: { connections: 10, timeoutMs: 10_000, requests: 2, lifetimeMs: 100_000 } },
    });
    for (let i = 0; i < 3; i++) await front.exchange(GET);
    assert.equal(backend!.connections.length, 2);
    await backend!.connections[0]!.end();
    assert.equal(front.front.idleUpstreamConnections, 1);
    for (let i = 0; i < 11; i++) clock.advance(1000);
    assert.equal(front.front.idleUpstreamConnections, 0);
    await backend!.connections[1]!.end();
  });
});
