import assert from "node:assert/strict";
import { ManualClock } from "../../../src/observe/mod.ts";
import { KeptState } from "../../../src/proxy/state/mod.ts";
import { describe, it } from "node:test";
import { HTTPException } from "hono/http-exception";
import { Pipeline, Tables } from "../../../src/proxy/pipeline/mod.ts";
import { FailureLog, failuresTo, InternalErrorLog, type Logger } from "../../../src/observe/mod.ts";
import { FieldList } from "../../../src/http/mod.ts";
import { compilePattern } from "../../../src/nginx/mod.ts";
import { type PolicyHooks, type PolicyModule, SEARCH_AGAIN } from "../../../src/policy/mod.ts";
import { ProxyError, type ProxyErrorCode } from "../../../src/proxy-error.ts";
import type { ForwardPlan } from "../../../src/proxy/contract.ts";
import type { Pattern } from "../../../src/snapshot/snapshot.ts";
import type { FakeExchange } from "../../support/exchange.ts";
import { type FakeServerExchange, fakeServerExchange } from "../../support/server-exchange.ts";
import { type FakeUpdate, firstUpdate, laterUpdate, location, upstream, virtualHost } from "../../support/snapshot.ts";

const errors: string[] = [];
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: (message) => void errors.push(message),
};

/** A pipeline with its tables, as the data plane wires them. */
function start(given: FakeUpdate, modules?: readonly PolicyModule<unknown>[]): {
  pipeline: Pipeline;
  internalErrors: InternalErrorLog;
  tables: Tables;
  logged: FakeServerExchange[];
  ask(exchange?: FakeExchange): FakeServerExchange;
  askLater(exchange?: FakeExchange): Promise<FakeServerExchange>;
} {
  const tables = new Tables({
    logger,
    hasCertificate: (host) => host === "tls.example",
    state: new KeptState({ clock: new ManualClock() }),
    subrequest: () => Promise.reject(new TypeError("no subrequests here")),
    catchAllLocations: [],
    ...(modules === undefined ? {} : { modules }),
  });
  const logged: FakeServerExchange[] = [];
  const internalErrors = new InternalErrorLog(logger);
  const pipeline = new Pipeline({
    internalErrors,
    failures: new FailureLog(failuresTo(logger)),
    tables,
    log: (exchange, quiet) => void (quiet || logged.push(exchange as FakeServerExchange)),
  });
  tables.apply(firstUpdate(given));
  const ask = (exchange: FakeExchange = {}): FakeServerExchange => {
    const made = fakeServerExchange(exchange, pipeline);
    pipeline.request(made);
    return made;
  };
  return {
    pipeline,
    internalErrors,
    tables,
    logged,
    ask,
    askLater: async (exchange) => {
      const made = ask(exchange);
      while (made.answered.length + made.forwarded.length + made.responded.length === 0) await Promise.resolve();
      return made;
    },
  };
}

function planOf(exchange: FakeServerExchange): ForwardPlan {
  assert.equal(exchange.forwarded.length, 1, `answered ${JSON.stringify(exchange.answered)}`);
  return exchange.forwarded[0]!;
}

/** Field lines of the proxy, by lower-case name. */
function fieldsOf(exchange: FakeServerExchange): Record<string, string> {
  const lines = planOf(exchange).fieldBlock.split("\r\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
  }));
}

const echo = upstream("default-echo-80", ["10.0.0.1:80", "10.0.0.2:80"]);
const plain = { hosts: [virtualHost("a.example", [location("prefix /", echo.name)])], upstreams: [echo] };

function pattern(text: string): Pattern {
  const result = compilePattern(text, { caseInsensitive: true, prefix: "^" });
  if (!result.ok) throw new Error(result.message);
  return result.pattern;
}

const statuses = (exchange: FakeServerExchange): number[] => exchange.answered.map(({ status }) => status);

describe("Pipeline", () => {
  it("forwards to an endpoint of the location's upstream, the target as it came", () => {
    const { ask } = start(plain);
    const exchange = ask({ target: "/a%20b//c?x=%26" });
    const plan = planOf(exchange);
    assert.equal(plan.target, "/a%20b//c?x=%26");
    assert.equal(plan.pick(0, [])?.port, 80);
    assert.equal(exchange.location?.upstreamName, "default-echo-80");
  });

  it("offers a retry the other endpoint", () => {
    const plan = planOf(start(plain).ask());
    const first = plan.pick(0, [])!;
    assert.notEqual(plan.pick(1, [first])!.address, first.address);
  });

  it("sends a rewritten path encoded, with its query", () => {
    const policies = { "rewrite-target": { target: "/new/$1" } };
    const rule = location({ kind: "regex", pattern: pattern("/old/(.*)") }, echo.name, { path: "/old/(.*)", policies });
    const { ask } = start({ ...plain, hosts: [virtualHost("a.example", [rule], { regexMode: true })] });
    assert.equal(planOf(ask({ target: "/old/a%20b%3F?q=%20" })).target, "/new/a%20b%3F?q=%20");
    assert.equal(planOf(ask({ target: "/old/a?" })).target, "/new/a");
  });

  it("answers 404 for hosts and paths that nobody has", () => {
    const { ask } = start({
      hosts: [virtualHost("a.example", [location("prefix /x/", echo.name)])],
      upstreams: [echo],
    });
    assert.deepEqual(ask({ authority: "b.example" }).answered, [{ status: 404 }]);
    assert.deepEqual(ask({ target: "/y" }).answered, [{ status: 404 }]);
  });

  it("answers 503 without endpoints, for a missing upstream, and for a denied location", () => {
    const { ask } = start({
      hosts: [virtualHost("a.example", [
        location("prefix /", "default-none-80"),
        location("prefix /empty/", "default-empty-80"),
        location("prefix /denied/", echo.name, { denied: "no such secret" }),
      ])],
      upstreams: [echo, upstream("default-empty-80")],
    });
    for (const target of ["/", "/empty/", "/denied/"]) {
      assert.deepEqual(statuses(ask({ target })), [503], target);
    }
  });

  it("answers 404 while the default backend's service has no endpoints", () => {
    const { ask } = start({
      hosts: [virtualHost("a.example", [location("prefix /", "upstream-default-backend")])],
      upstreams: [upstream("upstream-default-backend")],
    });
    assert.deepEqual(ask().answered, [{ status: 404 }]);
  });

  it("redirects to the path with a slash, and keeps the query", () => {
    const { ask } = start({
      hosts: [
        virtualHost("a.example", [location("prefix /foo/", echo.name), location("slash-redirect /foo", echo.name)]),
      ],
      upstreams: [echo],
    });
    const { answered } = ask({ target: "/foo?x=1", authority: "a.example:8080" });
    assert.equal(answered[0]?.status, 301);
    assert.deepEqual(answered[0]?.fields, [["Location", "http://a.example/foo/?x=1"]]);
    planOf(ask({ target: "/foo/bar" }));
  });

  it("takes HEAD through the same handler", () => {
    const { ask } = start(plain);
    assert.equal(planOf(ask({ method: "HEAD", target: "/h" })).target, "/h");
  });

  it("redirects to HTTPS before it looks for endpoints", () => {
    const policies = {
      "ssl-redirect": { when: "has-certificate", preserveTrailingSlash: false, withPort: false },
    } as const;
    const { ask } = start({
      hosts: [virtualHost("tls.example", [location("prefix /", "default-none-80", { policies })])],
    });
    const exchange = ask({ authority: "tls.example", target: "/x" });
    assert.equal(exchange.answered[0]?.status, 308);
    assert.equal(ask({ authority: "tls.example", target: "/x", tls: true }).answered[0]?.status, 503);
  });

  it("runs host policies before the location search", () => {
    const { ask } = start({
      ...plain,
      hosts: [
        virtualHost("a.example", [location("prefix /", echo.name)], { policies: { "app-root": { path: "/app" } } }),
      ],
    });
    assert.equal(ask({ target: "/" }).answered[0]?.status, 302);
    assert.equal(planOf(ask({ target: "/other" })).target, "/other");
  });

  it("sets captures and named groups of a regex location", () => {
    const { ask } = start({
      hosts: [virtualHost("a.example", [
        location({ kind: "regex", pattern: pattern("/u/(?<user>\\w+)") }, echo.name),
      ], { regexMode: true })],
      upstreams: [echo],
    });
    const exchange = ask({ target: "/U/ann/x" });
    assert.deepEqual([...exchange.captures!], ["/U/ann", "ann"]);
    assert.equal(exchange.variables?.get("user"), "ann");
  });

  it("logs what ends, but not the quiet root of the catch-all", () => {
    const { ask, pipeline, logged } = start(plain);
    pipeline.end(ask({ target: "/seen" }));
    pipeline.end(ask({ authority: "unknown.example" }));
    assert.deepEqual(logged.map(({ target }) => target), ["/seen"]);
    assert.equal(pipeline.requests, 2);
  });

  it("answers a failure with the status of its error", () => {
    const { pipeline } = start(plain);
    const exchange = fakeServerExchange();
    const failure = (code: ProxyErrorCode, source: "upstream" | "downstream") =>
      pipeline.failure(exchange, new ProxyError(code, source, "no", "x"));
    assert.deepEqual(failure("upstream-timeout", "upstream"), { status: 504 });
    assert.deepEqual(failure("downstream-malformed", "downstream"), { status: 400, close: true });
    for (
      const [code, reason] of [
        ["downstream-fields-too-large", "Request Header Or Cookie Too Large"],
        ["downstream-plain-http", "The plain HTTP request was sent to HTTPS port"],
      ] as const
    ) {
      const { status, close, body } = failure(code, "downstream");
      assert.deepEqual([status, close], [400, true]);
      assert.match(String(body), new RegExp(`<title>400 ${reason}</title>(.|\r\n)*<center>${reason}</center>`));
    }
  });
});

describe("request fields for upstreams", () => {
  it("tell address, host, port and scheme of this hop", () => {
    const exchange = start(plain).ask({ connection: { peerAddress: "192.0.2.7", localPort: 8080 } });
    assert.deepEqual(fieldsOf(exchange), {
      "host": "a.example",
      "x-request-id": exchange.requestId,
      "x-real-ip": "192.0.2.7",
      "x-forwarded-for": "192.0.2.7",
      "x-forwarded-host": "a.example",
      "x-forwarded-port": "8080",
      "x-forwarded-proto": "http",
      "x-forwarded-scheme": "http",
      "x-scheme": "http",
    });
  });

  it("keeps as much of a response as proxy-buffering allows, or could allow", () => {
    const policy = { bufferBytes: 8192, buffers: 3, maxTempFileBytes: 100 };
    const locations = [true, false].map((enabled) =>
      location(`prefix /${enabled}`, echo.name, { policies: { "proxy-buffering": { ...policy, enabled } } })
    );
    const { ask } = start({ hosts: [virtualHost("a.example", locations)], upstreams: [echo] });
    for (const enabled of [true, false]) {
      const { settings } = planOf(ask({ path: `/${enabled}` }));
      assert.deepEqual(settings.responseBuffering, { enabled, memoryBytes: 24_576, fileBytes: 100 });
      assert.equal(settings.maxResponseHeadBytes, 8192);
    }
  });

  it("drop what clients claim, and keep two of it under X-Original-*", () => {
    const exchange = start(plain).ask({
      headers: { "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Host": "claimed", "X-Forwarded-Proto": "https" },
    });
    const fields = fieldsOf(exchange);
    assert.equal(fields["x-forwarded-for"], "127.0.0.1");
    assert.equal(fields["x-forwarded-host"], "a.example");
    assert.equal(fields["x-forwarded-proto"], "http");
    assert.equal(fields["x-original-forwarded-for"], "1.2.3.4");
    assert.equal(fields["x-original-forwarded-host"], "claimed");
    for (const name of ["x-forwarded-for", "x-forwarded-proto", "proxy", "x-original-forwarded-for"]) {
      assert.ok(planOf(exchange).settings.dropFields.has(name), name);
    }
  });

  it("join what several lines of X-Forwarded-For claim", () => {
    const { ask } = start(plain);
    const exchange = ask({ headers: { "X-Forwarded-For": ["1.1.1.1", "2.2.2.2"] } });
    assert.equal(fieldsOf(exchange)["x-original-forwarded-for"], "1.1.1.1, 2.2.2.2");
  });

  it("take X-Original-Forwarded-Host from the field of forwarded-host-header", () => {
    const exchange = start({ ...plain, globals: { realIp: { forwardedHostHeader: "x-client-host" } } }).ask({
      headers: { "X-Forwarded-Host": "claimed", "X-Client-Host": "asked" },
    });
    assert.equal(fieldsOf(exchange)["x-original-forwarded-host"], "asked");
  });

  it("believe clients with use-forwarded-headers", () => {
    const exchange = start({ ...plain, globals: { realIp: { useForwardedHeaders: true } } }).ask({
      headers: {
        "X-Forwarded-For": "203.0.113.9, 10.0.0.1",
        "X-Forwarded-Host": "h1.example, h2.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "1234",
      },
    });
    const fields = fieldsOf(exchange);
    assert.equal(exchange.clientAddress, "203.0.113.9");
    assert.equal(fields["host"], "h1.example");
    assert.equal(fields["x-forwarded-for"], "203.0.113.9");
    assert.equal(fields["x-forwarded-proto"], "https");
    assert.equal(fields["x-scheme"], "https");
    assert.equal(fields["x-forwarded-port"], "1234");
  });

  it("append the sender with compute-full-forwarded-for", () => {
    const globals = { realIp: { useForwardedHeaders: true, computeFullForwardedFor: true } };
    const { ask } = start({ ...plain, globals });
    const connection = { peerAddress: "192.0.2.7" };
    assert.equal(
      fieldsOf(ask({ connection, headers: { "X-Forwarded-For": "203.0.113.9" } }))["x-forwarded-for"],
      "203.0.113.9, 192.0.2.7",
    );
    assert.equal(fieldsOf(ask({ connection }))["x-forwarded-for"], "192.0.2.7");
  });

  it("pass over trusted addresses only", () => {
    const globals = { realIp: { enableRealIp: true, trustedCidrs: ["127.0.0.0/8", "10.0.0.0/8"] } };
    const { ask } = start({ ...plain, globals });
    const client = (chain: string, peerAddress = "127.0.0.1"): string =>
      ask({ headers: { "X-Forwarded-For": chain }, connection: { peerAddress } }).clientAddress;
    assert.equal(client("1.1.1.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
    assert.equal(client("10.0.0.3, 10.0.0.2"), "10.0.0.3");
    assert.equal(client("1.1.1.1, rubbish, 10.0.0.2"), "10.0.0.2");
    assert.equal(client("1.1.1.1:4444"), "1.1.1.1");
    assert.equal(client("[2001:db8::1]:4444"), "2001:db8::1");
    assert.equal(client("203.0.113.9", "192.0.2.1"), "192.0.2.1");
    assert.equal(client(",,,"), "127.0.0.1");
  });

  it("tell what a PROXY header says", () => {
    const proxied = {
      sourceAddress: "192.168.0.1",
      sourcePort: 1,
      destinationAddress: "10.0.0.1",
      destinationPort: 443,
    };
    const fields = fieldsOf(start(plain).ask({ connection: { proxied } }));
    assert.equal(fields["x-real-ip"], "192.168.0.1");
    assert.equal(fields["x-forwarded-port"], "443");
    assert.equal(fields["x-forwarded-proto"], "https");
  });

  it("report the HTTPS port as 443", () => {
    const globals = { ports: { http: 8080, https: 8443 } };
    const exchange = start({ ...plain, globals }).ask({ tls: true, connection: { localPort: 8443 } });
    assert.equal(fieldsOf(exchange)["x-forwarded-port"], "443");
  });

  it("keep the client's request id; without generate-request-id there may be none", () => {
    assert.equal(fieldsOf(start(plain).ask({ headers: { "X-Request-ID": "mine" } }))["x-request-id"], "mine");
    const { ask } = start({ ...plain, globals: { headers: { generateRequestId: false } } });
    assert.equal(fieldsOf(ask())["x-request-id"], undefined);
    assert.equal(fieldsOf(ask({ headers: { "X-Request-ID": "mine" } }))["x-request-id"], "mine");
  });

  it("carry proxy-set-headers, X-Original-URI when asked for, and not what a policy took over", () => {
    const globals = { headers: { proxyAddOriginalUriHeader: true, proxySetHeaders: [["X-Extra", "e"]] as const } };
    const { ask, pipeline } = start({ ...plain, globals });
    const exchange = ask({ target: "/p?q" });
    assert.equal(fieldsOf(exchange)["x-extra"], "e");
    assert.equal(fieldsOf(exchange)["x-original-uri"], "/p?q");
    const edited = fakeServerExchange({}, pipeline);
    edited.request.set("Host", "vhost.example");
    edited.request.delete("x-real-ip");
    pipeline.request(edited);
    assert.equal(fieldsOf(edited)["host"], undefined);
    assert.equal(fieldsOf(edited)["x-real-ip"], undefined);
    assert.equal(fieldsOf(edited)["x-forwarded-host"], "a.example");
  });
});

describe("response fields", () => {
  it("lose Server and gain those of add-headers, errors included", () => {
    const { ask } = start({ ...plain, globals: { headers: { addHeaders: [["X-My", "one"]] } } });
    const { response } = ask({ authority: "unknown.example" });
    assert.equal(response?.get("x-my"), "one");
    assert.equal(response?.has("server"), false);
  });

  it("have HSTS over TLS only", () => {
    const policies = { hsts: { value: "max-age=1" } };
    const { ask } = start({
      hosts: [virtualHost("a.example", [location("prefix /", "default-none-80", { policies })])],
    });
    assert.equal(ask({ tls: true }).response?.get("strict-transport-security"), "max-age=1");
    assert.equal(ask().response?.get("strict-transport-security"), undefined);
  });
});

/** A policy with these hooks, for locations (or hosts) that have `name` in their policies. */
function policy(name: string, hooks: PolicyHooks, rest: Partial<PolicyModule<unknown>> = {}): PolicyModule<unknown> {
  return { name, scope: "location", phase: "rewrite", annotations: [], parse: () => ({}), hooks: () => hooks, ...rest };
}

/** Host a.example whose root has all the policies. */
function withPolicies(...modules: PolicyModule<unknown>[]): ReturnType<typeof start> {
  const named = (scope: string) =>
    Object.fromEntries(modules.filter((m) => m.scope === scope).map((m) => [m.name, {}]));
  const root = location("prefix /", echo.name, { policies: named("location") });
  const other = location("prefix /other/", echo.name);
  const host = virtualHost("a.example", [other, root], { policies: named("host") });
  return start({ hosts: [host], upstreams: [echo] }, modules);
}

describe("hooks", () => {
  it("run in order, the check for endpoints between rewrite and access", () => {
    const seen: string[] = [];
    const note = (name: string, rest: Partial<PolicyModule<unknown>> = {}): PolicyModule<unknown> =>
      policy(name, { request: () => void seen.push(name), response: () => void seen.push(`${name} response`) }, rest);
    const modules = [note("a", { phase: "access" }), note("b"), note("h", { scope: "host" }), note("c")];
    const { ask, tables, pipeline } = withPolicies(...modules);
    const exchange = ask();
    planOf(exchange);
    assert.deepEqual(seen.splice(0), ["h", "b", "c", "a"]);
    void pipeline.responseHead(exchange);
    assert.deepEqual(seen.splice(0), ["h response", "a response", "b response", "c response"]);
    tables.apply(laterUpdate({ upstreams: [upstream(echo.name)] }));
    ask();
    assert.deepEqual(seen.slice(0, 3), ["h", "b", "c"]);
    assert.ok(!seen.includes("a"));
  });

  it("may take their time", async () => {
    const { askLater } = withPolicies(
      policy("slow", { request: () => Promise.resolve() }),
      policy("late", { request: () => Promise.resolve({ status: 403 }) }, { phase: "access" }),
    );
    assert.deepEqual((await askLater()).answered, [{ status: 403 }]);
  });

  it("that take their time let a request pass, host policies too", async () => {
    const slow = { request: () => Promise.resolve() };
    const { askLater } = withPolicies(policy("slow", slow), policy("host", slow, { scope: "host" }));
    assert.equal(planOf(await askLater()).target, "/");
  });

  it("may answer with an ordinary Response", () => {
    const { ask } = withPolicies(policy("own", { request: () => new Response("hi") }));
    assert.equal(ask().responded.length, 1);
  });

  it("may have the location searched again, ten times at most", () => {
    let loops = 0;
    const { ask } = withPolicies(policy("again", {
      request(c) {
        if (c.env.path === "/loop") {
          loops++;
          return SEARCH_AGAIN;
        }
        c.env.path = "/other/x";
        c.env.rewritten = true;
        return SEARCH_AGAIN;
      },
    }));
    assert.equal(planOf(ask()).target, "/other/x");
    assert.deepEqual(ask({ target: "/loop" }).answered, [{ status: 500 }]);
    assert.equal(loops, 11);
  });

  for (
    const [name, hooks] of [
      ["throws", {
        request: () => {
          throw new Error("broken");
        },
      }],
      ["rejects", { request: () => Promise.reject(new Error("broken too")) }],
    ] as const
  ) {
    it(`answer 500 when one ${name}; it is counted, and logged once`, async () => {
      const { askLater, internalErrors } = withPolicies(policy("bad", hooks));
      errors.length = 0;
      assert.deepEqual((await askLater()).answered, [{ status: 500 }]);
      assert.deepEqual((await askLater()).answered, [{ status: 500 }]);
      assert.equal(internalErrors.count, 2);
      assert.equal(errors.length, 1);
    });
  }

  it("that cannot be built close the location or the host", () => {
    const broken = {
      hooks: () => {
        throw new Error("no such pattern");
      },
    };
    assert.deepEqual(statuses(withPolicies(policy("bad", {}, broken)).ask()), [503]);
    assert.deepEqual(statuses(withPolicies(policy("bad", {}, { ...broken, scope: "host" })).ask()), [503]);
  });
});

describe("generic Hono middleware", () => {
  it("may answer by itself", async () => {
    const { askLater } = withPolicies(policy("mw", { middleware: (c) => Promise.resolve(c.text("no", 418)) }));
    const { responded } = await askLater();
    assert.equal(responded[0]?.status, 418);
    assert.equal(await responded[0]?.text(), "no");
  });

  it("sees the request, and may change status and fields of the upstream's response", async () => {
    const urls: string[] = [];
    const { askLater, pipeline } = withPolicies(
      policy("mw", {
        middleware: async (c, next) => {
          urls.push(`${c.req.method} ${c.req.url} ${c.req.header("x-in")}`);
          await next();
          c.res.headers.set("x-out", "1");
          c.res.headers.delete("x-gone");
          c.res = new Response(null, { status: 202, headers: c.res.headers });
        },
      }),
      policy("hook", { response: (c) => c.env.response?.set("X-Hook", c.env.response.get("x-out") ?? "none") }),
    );
    const exchange = await askLater({ target: "/t?x", headers: { "X-In": "i" } });
    planOf(exchange);
    exchange.status = 200;
    exchange.response = new FieldList([["X-Gone", "g"], ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
    await new Promise<void>((pass) => exchange.tap?.responseKnown({ body: null, untouched: true, pass }));
    await pipeline.responseHead(exchange);
    assert.deepEqual(urls, ["GET http://a.example/t?x i"]);
    assert.equal(exchange.status, 202);
    assert.deepEqual([...exchange.response].map(([name, value]) => `${name.toLowerCase()}=${value}`).sort(), [
      "set-cookie=a=1",
      "set-cookie=b=2",
      "x-hook=1",
      "x-out=1",
    ]);
  });

  it("that fails after the head has 500 sent in place of the response", async () => {
    const { askLater } = withPolicies(policy("mw", {
      middleware: async (_c, next) => {
        await next();
        throw new Error("too late");
      },
    }));
    const exchange = await askLater();
    exchange.status = 200;
    exchange.response = new FieldList();
    exchange.tap?.responseKnown({ body: null, untouched: true, pass: () => assert.fail("passed on") });
    while (exchange.responded.length === 0) await Promise.resolve();
    assert.equal(exchange.responded[0]?.status, 500);
  });
});

describe("an HTTPException of a hook", () => {
  const custom = (): HTTPException =>
    new HTTPException(403, { res: new Response("no way", { headers: { "X-A": "b" } }) });
  const rows: readonly (readonly [name: string, hooks: PolicyHooks])[] = [
    ["thrown", {
      request: () => {
        throw custom();
      },
    }],
    ["rejected with", { request: () => Promise.reject(custom()) }],
    ["of a later phase", {
      access: async () => {
        await Promise.resolve();
        throw custom();
      },
    }],
  ];
  for (const [name, hooks] of rows) {
    it(`${name} is the response, and no error of ours`, async () => {
      const { askLater, internalErrors } = withPolicies(policy("auth", hooks));
      const { responded } = await askLater();
      assert.deepEqual([responded[0]?.status, responded[0]?.headers.get("x-a")], [403, "b"]);
      assert.equal(await responded[0]?.text(), "no way");
      assert.equal(internalErrors.count, 0);
    });
  }

  it("on the way back stands in place of the response, once", async () => {
    for (const late of [false, true]) {
      const response = (): Promise<void> => {
        if (late) return Promise.reject(custom());
        throw custom();
      };
      const { ask, pipeline } = withPolicies(policy("check", { response }));
      const exchange = ask();
      exchange.response = new FieldList();
      await pipeline.responseHead(exchange);
      assert.equal(exchange.responded[0]?.status, 403);
      await assert.rejects(async () => await pipeline.responseHead(exchange), HTTPException);
    }
  });
});

describe("Tables", () => {
  it("serve what an update says, at once", () => {
    const { ask, tables } = start(plain);
    tables.apply(laterUpdate({ upstreams: [upstream(echo.name)] }));
    assert.equal(ask().answered[0]?.status, 503);
    tables.apply(laterUpdate({ upstreams: [upstream(echo.name, ["10.0.0.9:80"])] }));
    assert.equal(planOf(ask()).pick(0, [])?.address, "10.0.0.9");
    tables.apply(laterUpdate({ hosts: [virtualHost("b.example", [location("prefix /", echo.name)])] }));
    planOf(ask({ authority: "b.example" }));
    tables.apply(laterUpdate({ removeHosts: ["a.example"] }));
    assert.equal(ask().answered[0]?.status, 404);
  });

  it("end a request on the location it began with, but on endpoints that there are", () => {
    const { ask, tables } = start(plain);
    const plan = planOf(ask());
    tables.apply(laterUpdate({ removeHosts: ["a.example"], upstreams: [upstream(echo.name, ["10.0.0.9:80"])] }));
    assert.equal(plan.pick(0, [])?.address, "10.0.0.9");
  });

  it("find an upstream again that had been removed", () => {
    const { ask, tables } = start(plain);
    planOf(ask());
    tables.apply(laterUpdate({ removeUpstreams: [echo.name] }));
    assert.equal(ask().answered[0]?.status, 503);
    tables.apply(laterUpdate({ upstreams: [echo] }));
    planOf(ask());
  });

  it("take up changed globals for every host", () => {
    const { ask, tables } = start(plain);
    const headers = { "X-Forwarded-Proto": "https" };
    assert.equal(fieldsOf(ask({ headers }))["x-forwarded-proto"], "http");
    tables.apply(laterUpdate({ globals: { realIp: { useForwardedHeaders: true } } }));
    assert.equal(fieldsOf(ask({ headers }))["x-forwarded-proto"], "https");
  });
});
