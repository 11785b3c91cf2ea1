import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Server as TcpServer } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { basicAuth } from "hono/basic-auth";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { csrf } from "hono/csrf";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { jwt, sign } from "hono/jwt";
import { logger as requestLogger } from "hono/logger";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { timeout } from "hono/timeout";
import type { Exchange } from "../../src/http/mod.ts";
import { DataPlane, type Middleware, type MiddlewareRule } from "../../src/proxy/mod.ts";
import type { Policies } from "../../src/snapshot/mod.ts";
import { type Ask, ask, echoBackend, type Reply, serving } from "../support/data-plane.ts";
import { block, END_HEADERS, END_STREAM, frame, H2Client, Type } from "../support/h2-client.ts";
import { firstUpdate, location, upstream, virtualHost } from "../support/snapshot.ts";

let echo: Server & { at: string };
/** `/big`: 3 MB of text, `/hang`: nothing, `/status/N`: that status, `/cut`: breaks off, `/etag`: with an ETag. */
let pages: Server;
/** Answers every request with 101 and sends back what comes. */
let upgrading: TcpServer;
const portOf = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;
const BIG = "0123456789abcdef".repeat(200_000);
const reached: string[] = [];

before(async () => {
  echo = await echoBackend("echo");
  pages = createServer((request, response) => {
    const { url = "" } = request;
    reached.push(url);
    request.resume();
    if (url === "/hang") return;
    response.setHeader("Content-Type", "text/plain");
    response.setHeader("X-Upstream", "u");
    if (url === "/x") response.setHeader("Content-Length", "5");
    response.setHeader("Set-Cookie", ["a=1", "b=2"]);
    if (url === "/cut") {
      response.write("beginning");
      setImmediate(() => response.destroy());
    } else if (url.startsWith("/status/")) {
      response.statusCode = Number(url.slice(8));
      response.end();
    } else response.end(url === "/big" ? BIG : "hello");
  });
  upgrading = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
      socket.pipe(socket);
    });
  });
  for (const server of [pages, upgrading]) {
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  }
});
after(() => {
  for (const server of [echo, pages, upgrading]) server.close();
  echo.closeAllConnections();
  pages.closeAllConnections();
});

const crashes: string[] = [];
const logger = {
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: (message: string, fields?: Readonly<Record<string, unknown>>) => {
    if (message.startsWith("internal error")) crashes.push(String(fields?.["cause"]));
  },
};

interface Surroundings {
  readonly policies?: Policies;
  readonly onEnd?: (exchange: Exchange) => void;
}

/** Host a.example: `/echo` to the echo backend, `/up` to the one that upgrades, the rest to the pages. */
function around(
  middleware: readonly MiddlewareRule[],
  body: (plane: DataPlane) => Promise<void>,
  { policies = {}, onEnd }: Surroundings = {},
): Promise<void> {
  const update = firstUpdate({
    hosts: [
      virtualHost("a.example", [
        location("prefix /echo", "default-echo-80", { path: "/echo", policies }),
        location("prefix /up", "default-up-80", { path: "/up" }),
        location("prefix /closed", "default-echo-80", { path: "/closed", denied: "closed" }),
        location("prefix /refused", "default-refused-80", { path: "/refused" }),
        location("prefix /", "default-pages-80", { path: "/", policies }),
      ], { names: [{ kind: "exact", name: "a.example" }, { kind: "exact", name: "alias.example" }] }),
    ],
    upstreams: [
      upstream("default-echo-80", [echo.at]),
      upstream("default-pages-80", [`127.0.0.1:${portOf(pages)}`]),
      upstream("default-up-80", [`127.0.0.1:${portOf(upgrading)}`]),
      upstream("default-refused-80", ["127.0.0.1:1"]),
    ],
  });
  crashes.length = 0;
  reached.length = 0;
  return serving(update, body, { middleware, logger, ...onEnd === undefined ? {} : { onEnd } });
}

/** One request to a.example through middleware for all of it. */
async function through(use: Middleware | readonly Middleware[], path: string, given: Ask = {}): Promise<Reply> {
  let reply: Reply | undefined;
  await around([{ use }], async (plane) => {
    reply = await ask(plane, "a.example", path, given);
    assert.deepEqual(crashes, []);
  });
  return reply!;
}

describe("ready-made middleware of Hono", () => {
  it("basicAuth", async () => {
    const use = basicAuth({ username: "u", password: "p" });
    const refused = await through(use, "/x");
    assert.equal(refused.status, 401);
    assert.equal(refused.headers["www-authenticate"], 'Basic realm="Secure Area"');
    assert.equal(refused.text, "Unauthorized");
    assert.match(refused.headers["content-type"]!, /^text\/plain;charset=utf-8$/i);
    assert.deepEqual(reached, []);
    const allowed = await through(use, "/x", { headers: { authorization: `Basic ${btoa("u:p")}` } });
    assert.deepEqual([allowed.status, allowed.text, allowed.headers["x-upstream"]], [200, "hello", "u"]);
    assert.deepEqual(allowed.headers["set-cookie"], ["a=1", "b=2"]);
  });

  it("bearerAuth", async () => {
    const use = bearerAuth({ token: "secret" });
    assert.equal((await through(use, "/x")).status, 401);
    assert.equal((await through(use, "/x", { headers: { authorization: "Bearer secret" } })).status, 200);
  });

  it("jwt, which later middleware read the claims of", async () => {
    const token = await sign({ sub: "me" }, "key", "HS256");
    const use: Middleware[] = [
      jwt({ secret: "key", alg: "HS256" }),
      (c, next) => {
        c.env.request.set("X-User", (c.get("jwtPayload") as { sub: string }).sub);
        return next();
      },
    ];
    const refused = await through(use, "/echo");
    assert.equal(refused.status, 401);
    assert.match(refused.headers["www-authenticate"]!, /^Bearer realm="http:\/\/a\.example\/echo"/);
    const { echo } = await through(use, "/echo", { headers: { authorization: `Bearer ${token}` } });
    assert.equal(echo.headers["x-user"], "me");
  });

  it("csrf", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const given = { method: "POST", body: "a=b", headers: { ...form, origin: "http://evil.example" } };
    assert.equal((await through(csrf(), "/echo", given)).status, 403);
    const own = { ...given, headers: { ...form, origin: "http://a.example" } };
    assert.equal((await through(csrf(), "/echo", own)).echo.body, "a=b");
  });

  it("cors", async () => {
    const use = cors({ origin: "http://o.example" });
    const headers = { origin: "http://o.example" };
    const plain = await through(use, "/x", { headers });
    assert.equal(plain.headers["access-control-allow-origin"], "http://o.example");
    assert.equal(plain.headers["vary"], "Origin");
    assert.equal(plain.text, "hello");
    assert.equal((await through(use, "/x", { method: "OPTIONS", headers })).status, 204);
    assert.deepEqual(reached, []);
  });

  it("etag", async () => {
    const first = await through(etag(), "/big");
    assert.equal(first.text, BIG);
    const tag = first.headers.etag!;
    assert.match(tag, /^"[0-9a-f]{40}"$/);
    const again = await through(etag(), "/big", { headers: { "if-none-match": tag } });
    assert.deepEqual([again.status, again.text, again.headers.etag], [304, "", tag]);
  });

  it("secureHeaders, requestId and logger", async () => {
    const lines: string[] = [];
    const use = [
      requestLogger((line) => void lines.push(line)),
      requestId({ generator: (c) => (c.env as Exchange).requestId }),
      secureHeaders(),
    ];
    const { headers, text } = await through(use, "/echo");
    assert.equal(headers["x-frame-options"], "SAMEORIGIN");
    assert.equal(headers["x-request-id"], JSON.parse(text).headers["x-request-id"]);
    assert.equal(lines[0], "<-- GET /echo");
    assert.match(lines[1]!, /^--> GET \/echo .*200.* \d+ms$/);
  });

  it("bodyLimit, with a length and without", async () => {
    const use = bodyLimit({ maxSize: 10 });
    const chunked = { headers: { "transfer-encoding": "chunked" } };
    for (const more of [{}, chunked]) {
      const long = await through(use, "/echo", { method: "POST", body: "0123456789a", ...more });
      assert.deepEqual([long.status, long.text], [413, "Payload Too Large"]);
      const short = await through(use, "/echo", { method: "POST", body: "0123456789", ...more });
      assert.equal(short.echo.body, "0123456789");
    }
  });

  it("timeout", async () => {
    const { status, text } = await through(timeout(30), "/hang");
    assert.deepEqual([status, text], [504, "Gateway Timeout"]);
    assert.equal((await through(timeout(20_000), "/x")).text, "hello");
  });

  it("compress", async () => {
    let encoding: string | undefined;
    await around([{ use: compress() }], async (plane) => {
      const text = await raw(plane, "GET /big HTTP/1.0\r\nHost: a.example\r\nAccept-Encoding: gzip\r\n\r\n");
      encoding = /content-encoding: (.*)\r\n/i.exec(text)?.[1];
      const body = Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1");
      assert.equal(gunzipSync(body).toString(), BIG);
    });
    assert.equal(encoding, "gzip");
  });
});

/** All that comes back until the connection ends, one char a byte. */
function raw(plane: DataPlane, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(plane.ports.http, "127.0.0.1");
    let text = "";
    socket.on("data", (data: Uint8Array) => text += Buffer.from(data).toString("latin1"));
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
    socket.write(bytes);
  });
}

describe("an HTTPException", () => {
  const custom = (): HTTPException =>
    new HTTPException(403, { res: Response.json({ no: "way" }, { headers: { "X-Why": "because" } }) });
  const rows: readonly (readonly [string, Middleware])[] = [
    ["thrown at once", () => {
      throw custom();
    }],
    ["thrown later", async () => {
      await new Promise((done) => setImmediate(done));
      throw custom();
    }],
    ["thrown after next()", async (_c, next) => {
      await next();
      throw custom();
    }],
  ];
  for (const [name, use] of rows) {
    it(`${name} is the response`, async () => {
      const reply = await through(use, "/x");
      assert.deepEqual([reply.status, reply.text, reply.headers["x-why"]], [403, '{"no":"way"}', "because"]);
      assert.match(reply.headers["content-type"]!, /^application\/json/);
    });
  }

  it("is seen by the middleware before it, which may add to it", async () => {
    const use: Middleware[] = [
      async (c, next) => {
        await next();
        c.header("X-Seen", `${c.res.status} ${c.error?.message}`);
      },
      () => {
        throw new HTTPException(418, { message: "teapot" });
      },
    ];
    const reply = await through(use, "/x");
    assert.deepEqual([reply.status, reply.text, reply.headers["x-seen"]], [418, "teapot", "418 teapot"]);
  });

  it("is no error of ours; others are: 500, counted and logged", async () => {
    const use: Middleware = (c) => {
      throw c.req.path === "/x" ? new HTTPException(401) : new Error("a fault");
    };
    await around([{ use }], async (plane) => {
      assert.equal((await ask(plane, "a.example", "/x")).status, 401);
      assert.equal(plane.counters().internalErrors, 0);
      const { status, text } = await ask(plane, "a.example", "/y");
      assert.equal(status, 500);
      assert.doesNotMatch(text, /fault/);
      assert.equal(plane.counters().internalErrors, 1);
      assert.deepEqual(crashes, ["Error: a fault"]);
    });
  });
});

describe("middleware by host and path", () => {
  const mark = (name: string): Middleware => async (c, next) => {
    await next();
    c.header("X-Mark", `${c.res.headers.get("x-mark") ?? ""}${name},`);
  };
  const rules: MiddlewareRule[] = [
    { use: mark("all") },
    { host: "A.example", use: [mark("host1"), mark("host2")] },
    { host: "*.example", path: "/x", use: mark("x") },
    { host: "other.example", use: mark("other") },
    { path: "/p/:id", use: (c, next) => mark(c.req.param("id") ?? "")(c, next) },
    { path: "/q/*", use: mark("q") },
  ];
  const rows: readonly (readonly [host: string, path: string, marks: string | undefined])[] = [
    ["a.example", "/", "host2 host1 all "],
    ["a.example", "/x", "x host2 host1 all "],
    ["a.example", "/x/y?z", "x host2 host1 all "],
    ["a.example", "/xy", "host2 host1 all "],
    ["a.example", "/%78/", "x host2 host1 all "],
    ["a.example", "/p/%2541", "%41 host2 host1 all "],
    ["a.example", "/p/1/2", "host2 host1 all "],
    ["a.example", "/q", "q host2 host1 all "],
    ["alias.example", "/x", "x host2 host1 all "],
    ["b.example", "/x", "x all "],
    ["other.example", "/", "other all "],
    ["example", "/x", "all "],
    ["a.example", "/closed", undefined],
  ];
  it("run in order where they are for", () =>
    around(rules, async (plane) => {
      for (const [host, path, marks] of rows) {
        const { headers } = await ask(plane, host, path);
        assert.equal(headers["x-mark"], marks?.replaceAll(" ", ","), `${host}${path}`);
      }
    }));

  it("answer for hosts and paths that nobody else has", () =>
    around(
      [{ host: "new.example", path: "/hello", use: (c) => c.json({ hello: c.env.clientAddress }) }],
      async (plane) => {
        const reply = await ask(plane, "new.example", "/hello");
        assert.deepEqual([reply.status, reply.text], [200, '{"hello":"127.0.0.1"}']);
        assert.equal((await ask(plane, "new.example", "/other")).status, 404);
      },
    ));

  it("never open what an Ingress closes", async () => {
    const policies = { "source-range": { allow: ["192.0.2.0/24"], deny: [] } } as unknown as Policies;
    await around([{ use: (c) => c.text("open") }], async (plane) => {
      assert.equal((await ask(plane, "a.example", "/closed")).status, 503);
      assert.equal((await ask(plane, "a.example", "/echo")).status, 403);
    }, { policies });
  });

  it("that name no host or no path are refused", () => {
    for (const rule of [{ host: "a.example:80" }, { host: "a*.example" }, { host: "" }, { path: "x" }]) {
      assert.throws(() => new DataPlane({ middleware: [{ ...rule, use: () => {} }] }), TypeError);
    }
  });
});

describe("a middleware", () => {
  it("reads the body of the request, and the upstream gets it all the same", async () => {
    const seen: unknown[] = [];
    const use: Middleware = async (c, next) => {
      seen.push(await c.req.json());
      await next();
    };
    const body = JSON.stringify({ text: "ü".repeat(50_000) });
    for (const headers of [{}, { "transfer-encoding": "chunked" }, { expect: "100-continue" }]) {
      const { echo } = await through(use, "/echo", { method: "POST", body, headers });
      assert.equal(echo.body, body);
      assert.deepEqual(seen.pop(), JSON.parse(body));
    }
  });

  it("does so over HTTP/2, on many streams at once", async () => {
    const use: Middleware = async (c, next) => {
      const text = await c.req.text();
      await next();
      c.header("X-Read", String(text.length));
    };
    await around([{ use }], async (plane) => {
      const client = await H2Client.open(plane.ports.http);
      const streams = [1, 3, 5, 7];
      for (const stream of streams) {
        const fields = [
          [":method", "POST"],
          [":scheme", "http"],
          [":path", `/echo/${stream}`],
          [":authority", "a.example"],
        ] as const;
        client.send(frame(Type.headers, END_HEADERS, stream, block(fields)));
      }
      for (const stream of streams) client.send(frame(Type.data, 0, stream, "abc"));
      for (const stream of streams) client.send(frame(Type.data, END_STREAM, stream, String(stream)));
      for (const stream of streams) {
        const head = await client.head(stream);
        assert.deepEqual([head[":status"], head["x-read"]], ["200", "4"]);
        const { body, url } = JSON.parse((await client.body(stream)).toString());
        assert.deepEqual([url, body], [`/echo/${stream}`, `abc${stream}`]);
      }
      client.close();
    });
  });

  it("that leaves the body half read does not keep the rest from the upstream", async () => {
    const use: Middleware = async (c, next) => {
      const reader = c.req.raw.body!.getReader();
      await reader.read();
      await next();
    };
    const body = "0123456789".repeat(60_000);
    assert.equal((await through(use, "/echo", { method: "POST", body })).echo.body, body);
  });

  it("that reads a body beyond proxy-body-size has 413 answered", async () => {
    const policies = { "proxy-body-size": { maxBodyBytes: 10 } };
    const use: Middleware = async (c, next) => {
      await c.req.text();
      await next();
    };
    await around([{ use }], async (plane) => {
      const { status } = await ask(plane, "a.example", "/echo", { method: "POST", body: "0123456789ab" });
      assert.equal(status, 413);
    }, { policies });
    assert.deepEqual(crashes, []);
  });

  it("changes status and fields; the body of the upstream goes as it is", async () => {
    const use: Middleware = async (c, next) => {
      await next();
      assert.deepEqual([c.res.status, c.res.headers.get("x-upstream")], [200, "u"]);
      c.res.headers.delete("x-upstream");
      c.res = new Response(c.res.body, { status: 203, headers: c.res.headers });
      c.header("X-Added", "1");
    };
    const reply = await through(use, "/big");
    assert.deepEqual([reply.status, reply.headers["x-upstream"], reply.headers["x-added"]], [203, undefined, "1"]);
    assert.equal(reply.headers["content-length"], String(BIG.length));
    assert.deepEqual(reply.headers["set-cookie"], ["a=1", "b=2"]);
    assert.equal(reply.text, BIG);
  });

  it("puts another body in place of the upstream's", async () => {
    const use: Middleware = async (c, next) => {
      await next();
      c.res = c.json({ instead: true });
    };
    const reply = await through(use, "/big");
    assert.deepEqual([reply.status, reply.text], [200, '{"instead":true}']);
  });

  it("changes the body of the upstream as it comes", async () => {
    const use: Middleware = async (c, next) => {
      await next();
      const upper = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => controller.enqueue(chunk.map((byte) => byte >= 97 ? byte - 32 : byte)),
      });
      c.res = new Response(c.res.body!.pipeThrough(upper), c.res);
    };
    assert.equal((await through(use, "/big")).text, BIG.toUpperCase());
  });

  it("sees no body for HEAD, and 304", async () => {
    const bodies: unknown[] = [];
    const use: Middleware = async (c, next) => {
      await next();
      bodies.push(c.res.body);
    };
    const head = await through(use, "/x", { method: "HEAD" });
    assert.deepEqual([head.status, head.text, head.headers["content-length"]], [200, "", "5"]);
    assert.equal((await through(use, "/status/304")).status, 304);
    assert.deepEqual(bodies, [null, null]);
  });

  it("sees the page that stands for an upstream that does not answer", async () => {
    const use: Middleware = async (c, next) => {
      await next();
      c.header("X-Was", `${c.res.status} ${(await c.res.clone().text()).includes("502 Bad Gateway")}`);
    };
    const reply = await through(use, "/refused");
    assert.deepEqual([reply.status, reply.headers["x-was"]], [502, "502 true"]);
    assert.match(reply.text, /502 Bad Gateway/);
  });

  it("may be around an upgrade", async () => {
    const use: Middleware = async (c, next) => {
      await next();
      c.header("X-Around", String(c.res.status));
    };
    await around([{ use }, { use: secureHeaders() }], async (plane) => {
      const socket = connect(plane.ports.http, "127.0.0.1");
      let text = "";
      const has = (what: string): Promise<void> =>
        new Promise((done) => {
          const look = (): void => void (text.includes(what) && done());
          socket.on("data", look);
          look();
        });
      socket.on("data", (data: Uint8Array) => text += Buffer.from(data).toString());
      socket.write("GET /up HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      await has("\r\n\r\n");
      assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
      assert.match(text, /x-around: 101\r\n/i);
      socket.write("ping");
      await has("ping");
      socket.destroy();
    });
  });

  it("that waits is told when the client leaves", async () => {
    let told!: (error: unknown) => void;
    const failed = new Promise<unknown>((done) => told = done);
    let begun!: () => void;
    const reachedUpstream = new Promise<void>((done) => begun = done);
    const use: Middleware = async (_c, next) => {
      try {
        const done = next();
        begun();
        await done;
      } catch (error) {
        told(error);
        throw error;
      }
    };
    await around([{ use }], async (plane) => {
      const socket = connect(plane.ports.http, "127.0.0.1");
      socket.write("GET /hang HTTP/1.1\r\nHost: a.example\r\n\r\n");
      await reachedUpstream;
      socket.destroy();
      assert.match(String(await failed), /the exchange is over/);
      assert.equal(plane.counters().internalErrors, 0);
    });
  });

  it("that keeps its Context sees nothing of later requests", async () => {
    const kept: Parameters<Middleware>[0][] = [];
    const use: Middleware = (c, next) => {
      kept.push(c);
      return next();
    };
    await around([{ use }], async (plane) => {
      const text = await raw(
        plane,
        "GET /one HTTP/1.1\r\nHost: a.example\r\nX-A: 1\r\n\r\n" +
          "GET /two HTTP/1.1\r\nHost: a.example\r\nX-A: 2\r\nConnection: close\r\n\r\n",
      );
      assert.equal(text.split("hello").length, 3);
      assert.deepEqual(kept.map((c) => [c.req.path, c.req.header("x-a"), c.env.path]), [
        ["/one", "1", "/one"],
        ["/two", "2", "/two"],
      ]);
    });
  });

  it("that reads a response which breaks off has an error; one that does not, a cut", async () => {
    const use: Middleware = async (c, next) => {
      await next();
      await c.res.text();
    };
    await around([{ use, path: "/cut" }], async (plane) => {
      assert.equal((await ask(plane, "a.example", "/cut")).status, 500);
    });
    await around([{ use: (_c, next) => next() }], async (plane) => {
      await assert.rejects(ask(plane, "a.example", "/cut"));
    });
  });

  it("that calls next() without waiting for it, or twice", async () => {
    assert.equal((await through((_c, next) => void next(), "/x")).text, "hello");
    await around([{
      use: async (_c, next) => {
        await next();
        await next();
      },
    }], async (plane) => {
      assert.equal((await ask(plane, "a.example", "/x")).status, 500);
      assert.match(crashes[0]!, /next\(\) called multiple times/);
    });
  });
});
