import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import type { BodyTransform, Exchange } from "../../src/http/exchange.ts";
import type { Logger } from "../../src/observe/mod.ts";
import type { ExchangeContext, HookScope, PolicyHooks, PolicyModule } from "../../src/policy/mod.ts";
import { DataPlane } from "../../src/proxy/mod.ts";
import { Opened } from "../support/opened.ts";
import { firstUpdate, location, ofTest, upstream, virtualHost } from "../support/snapshot.ts";
import { answering, RawBackend, RawClient } from "../support/wire.ts";

const quiet: Logger = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };
const opened = new Opened();

const backend = async (serve: Parameters<typeof RawBackend.open>[0]): Promise<RawBackend> =>
  opened.keep(await RawBackend.open(serve));

/** A data plane with one location, whose family has these hooks. */
async function serve(hooks: (scope: HookScope) => PolicyHooks, main: RawBackend, other?: RawBackend) {
  const module: PolicyModule<object> = {
    name: "test",
    scope: "location",
    phase: "access",
    annotations: [],
    parse: () => undefined,
    hooks: (_policy, scope) => hooks(scope),
  };
  let log = "";
  const plane = new DataPlane({
    logger: quiet,
    modules: [module],
    accessLog: (chunk) => {
      log += Buffer.from(chunk).toString();
      return Promise.resolve();
    },
  });
  const at = ({ endpoint }: RawBackend): string => `${endpoint.address}:${endpoint.port}`;
  plane.apply(firstUpdate({
    hosts: [virtualHost("a.example", [location("prefix /", "default-main-80", { policies: ofTest({ test: {} }) })])],
    upstreams: [
      upstream("default-main-80", [at(main)]),
      upstream("default-other-80", other === undefined ? [] : [at(other)]),
    ],
  }));
  await plane.listen();
  opened.keep({ close: () => plane.close(0) });
  const get = async (path = "/", method = "GET"): Promise<{ head: string; body: string }> => {
    const client = await RawClient.open(plane.ports.http);
    client.send(`${method} ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
    const whole = await client.end();
    client.socket.destroy();
    const cut = whole.indexOf("\r\n\r\n");
    return { head: whole.slice(0, cut + 2), body: whole.slice(cut + 4) };
  };
  return { plane, get, log: () => log };
}

/** Body of a chunked message. */
function dechunk(text: string): string {
  let out = "";
  for (let at = 0;;) {
    const end = text.indexOf("\r\n", at);
    const size = parseInt(text.slice(at, end), 16);
    if (!(size > 0)) return out;
    out += text.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}

/** Letters become capitals; the last one of each piece waits for the next, and the end is marked. */
class Capitals implements BodyTransform {
  #kept = "";

  transform(bytes: Uint8Array): Uint8Array {
    const text = this.#kept + Buffer.from(bytes).toString("latin1");
    this.#kept = text.slice(-1);
    return Buffer.from(text.slice(0, -1).toUpperCase(), "latin1");
  }

  flush(): Uint8Array {
    return Buffer.from(`${this.#kept.toUpperCase()}!`, "latin1");
  }
}

const capitals: PolicyHooks = { body: () => new Capitals() };

const fixed = (body: string, fields = "", status = "200 OK"): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;

describe("a hook of an embedding program", () => {
  it("may keep the exchange and its Context: they are not used again", async () => {
    const main = await backend(answering(() => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    const kept: ExchangeContext[] = [];
    const { get } = await serve(() => ({ request: (c) => void kept.push(c) }), main);
    for (const path of ["/one", "/two", "/three"]) await get(path);
    assert.deepEqual(kept.map((c) => c.env.target), ["/one", "/two", "/three"]);
    assert.deepEqual(kept.map((c) => c.req.path), ["/one", "/two", "/three"]);
    assert.equal(new Set(kept).size, 3);
  });
});

describe("a transform of the response body", () => {
  it("changes the body, and the head accordingly", async () => {
    const main = await backend(answering(() => fixed("hello", 'ETag: "1"\r\nAccept-Ranges: bytes\r\n')));
    const { get } = await serve(() => capitals, main);
    const { head, body } = await get();
    assert.equal(dechunk(body), "HELLO!");
    assert.match(head, /\r\ntransfer-encoding: chunked\r\n/i);
    assert.match(head, /\r\netag: W\/"1"\r\n/i);
    assert.doesNotMatch(head, /\r\n(?:content-length|accept-ranges):/i);
  });

  it("takes chunks and pieces as they come", async () => {
    const chunks = "5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n";
    const main = await backend(answering(() => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`));
    const { get } = await serve(() => capitals, main);
    assert.equal(dechunk((await get()).body), "HELLO WORLD!");
  });

  it("loses nothing of a large body", async () => {
    const large = "abcdefgh".repeat(500_000);
    const main = await backend(answering(() => fixed(large)));
    const { get } = await serve(() => capitals, main);
    assert.equal(dechunk((await get()).body), `${large.toUpperCase()}!`);
  });

  it("comes before the content coding", async () => {
    const main = await backend(answering(() => fixed("hello")));
    const response: PolicyHooks["response"] = ({ env }) => {
      env.response!.set("Content-Encoding", "gzip");
      env.bodyCoding = { name: "gzip", level: 1 };
    };
    const { get } = await serve(() => ({ ...capitals, response }), main);
    assert.equal(gunzipSync(Buffer.from(dechunk((await get()).body), "latin1")).toString(), "HELLO!");
  });

  it("changes answers made here, too", async () => {
    const main = await backend(answering(() => fixed("unused")));
    const { get } = await serve(() => ({ ...capitals, request: () => ({ status: 200, body: "made here" }) }), main);
    const { head, body } = await get();
    assert.equal(body, "MADE HERE!");
    assert.match(head, /\r\ncontent-length: 10\r\n/i);
  });

  it("leaves responses without a body, and parts of one, alone", async () => {
    const main = await backend(
      answering((head) =>
        head.startsWith("GET /304")
          ? 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
          : head.startsWith("GET /206")
          ? fixed("part", "Content-Range: bytes 0-3/9\r\n", "206 Partial Content")
          : 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "1"\r\n\r\n'
      ),
    );
    const { get } = await serve(() => capitals, main);
    assert.match((await get("/304")).head, /^HTTP\/1\.1 304 .*\r\netag: "1"\r\n/is);
    const part = await get("/206");
    assert.equal(part.body, "part");
    assert.match(part.head, /\r\ncontent-length: 4\r\n/i);
    const asked = await get("/", "HEAD");
    assert.equal(asked.body, "");
    assert.match(asked.head, /\r\netag: W\/"1"\r\n/i);
    assert.doesNotMatch(asked.head, /\r\ncontent-length:/i);
  });

  it("that fails costs its response only", async () => {
    const main = await backend(answering((head) => fixed(head.startsWith("GET /bad") ? "bad" : "good")));
    const body = ({ env }: { env: Exchange }): BodyTransform => ({
      transform(bytes) {
        if (env.path === "/bad") throw new Error("broken transform");
        return bytes;
      },
      flush: () => new Uint8Array(0),
    });
    const { get, plane } = await serve(() => ({ body }), main);
    assert.doesNotMatch((await get("/bad")).body, /0\r\n\r\n$/, "the end is not forged");
    assert.equal(dechunk((await get("/fine")).body), "good");
    assert.equal(plane.counters().internalErrors, 1);
  });
});

describe("a replacement of the response", () => {
  it("stands in for it, with the status that the hook says; the log tells what the upstream said", async () => {
    const main = await backend(
      answering((head) =>
        head.startsWith("GET /missing") ? fixed("x".repeat(100_000), "", "404 Not Found") : fixed("fine")
      ),
    );
    const other = await backend(answering(() => fixed("a page")));
    const { get, log, plane } = await serve(
      ({ subrequest }) => ({
        async replace({ env }) {
          if (env.status !== 404) return undefined;
          const { body } = await subrequest(env, {
            to: { kind: "upstream", upstream: "default-other-80", target: "/page", authority: "pages" },
          });
          return { status: 404, body, contentType: "text/plain" };
        },
        response: ({ env }) => env.response!.set("X-Hook", String(env.status)),
      }),
      main,
      other,
    );
    const { head, body } = await get("/missing");
    assert.match(head, /^HTTP\/1\.1 404 /);
    assert.match(head, /\r\nx-hook: 404\r\n/i, "response hooks see the one that stands in");
    assert.equal(head.match(/x-hook/gi)?.length, 1);
    assert.equal(body, "a page");
    assert.equal((await get("/")).body, "fine");
    await plane.close(0);
    assert.match(log(), /"GET \/missing HTTP\/1\.1" 404 6 .* 404 \S+\n/);
  });

  it("may be made at once, and stands in for answers made here, too", async () => {
    const main = await backend(answering(() => fixed("unused", "", "500 Internal Server Error")));
    const { get } = await serve(() => ({
      request: ({ env }) => env.path === "/own" ? { status: 403 } : undefined,
      replace: ({ env }) => ({ status: 200, body: `instead of ${env.status}` }),
    }), main);
    assert.equal((await get("/")).body, "instead of 500");
    assert.equal((await get("/own")).body, "instead of 403");
  });

  it("that fails is answered with 500", async () => {
    const main = await backend(answering(() => fixed("unused")));
    const { get } = await serve(() => ({ replace: () => Promise.reject(new Error("no page")) }), main);
    assert.match((await get()).head, /^HTTP\/1\.1 500 /);
  });
});

describe("an end hook", () => {
  it("is called once for each exchange, however it ends", async () => {
    let asked: () => void = () => {};
    const slow = new Promise<void>((resolve) => asked = resolve);
    const main = await backend(async (connection) => {
      await connection.has("\r\n\r\n");
      const { text: head } = connection;
      if (head.startsWith("GET /cut")) connection.socket.destroy();
      else if (head.startsWith("GET /slow")) asked();
      else connection.send(fixed("fine", "Connection: close\r\n"));
    });
    const ended: string[] = [];
    let told: () => void = () => {};
    const { get, plane } = await serve(() => ({
      request: ({ env }) => env.path === "/own" ? { status: 403 } : undefined,
      end: (exchange) => {
        ended.push(`${exchange.path} ${exchange.status}`);
        told();
      },
    }), main);
    await get("/fine");
    await get("/own");
    await get("/cut");
    const leaves = await RawClient.open(plane.ports.http);
    const left = new Promise<void>((resolve) => told = resolve);
    leaves.send("GET /slow HTTP/1.1\r\nHost: a.example\r\n\r\n");
    await slow;
    leaves.socket.destroy();
    await left;
    assert.deepEqual(ended, ["/fine 200", "/own 403", "/cut 502", "/slow 499"]);
  });

  it("that fails is counted, and keeps nothing from its end", async () => {
    const main = await backend(answering(() => fixed("fine")));
    const { get, plane } = await serve(() => ({
      end: () => {
        throw new Error("broken end");
      },
    }), main);
    assert.equal((await get()).body, "fine");
    assert.equal(plane.counters().internalErrors, 1);
  });
});
