import assert from "node:assert/strict";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { Answer, Exchange } from "../../src/http/exchange.ts";
import type { Logger } from "../../src/observe/mod.ts";
import type { PolicyModule, Subrequest, SubrequestOptions, SubrequestResponse } from "../../src/policy/mod.ts";
import { DataPlane } from "../../src/proxy/mod.ts";
import { makeCertificate } from "../support/certificates.ts";
import { refusedAddress } from "../support/data-plane.ts";
import { Opened } from "../support/opened.ts";
import { firstUpdate, location, ofTest, upstream, virtualHost } from "../support/snapshot.ts";
import { answering, echo, RawBackend, RawClient } from "../support/wire.ts";

const quiet: Logger = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };

/** What the hook of the location does. */
type Run = (subrequest: Subrequest, exchange: Exchange) => Promise<Answer | undefined>;

interface Served {
  readonly plane: DataPlane;
  readonly log: () => string;
  close(): Promise<void>;
}

const opened = new Opened();

/** A data plane whose only location runs `run` before it proxies to `main`. */
async function serve(run: Run, main: readonly string[], asked: readonly string[] = []): Promise<Served> {
  const module: PolicyModule<object> = {
    name: "ask",
    scope: "location",
    phase: "access",
    annotations: [],
    parse: () => undefined,
    hooks: (_policy, scope) => ({ request: (c) => run(scope.subrequest, c.env) }),
  };
  let lines = "";
  const plane = new DataPlane({
    logger: quiet,
    modules: [module],
    accessLog: (chunk) => {
      lines += new TextDecoder().decode(chunk);
      return Promise.resolve();
    },
  });
  plane.apply(firstUpdate({
    hosts: [virtualHost("a.example", [location("prefix /", "default-main-80", { policies: ofTest({ ask: {} }) })])],
    upstreams: [upstream("default-main-80", main), upstream("default-auth-80", asked)],
  }));
  await plane.listen();
  return opened.keep({ plane, log: () => lines, close: () => plane.close(0) });
}

const at = ({ endpoint }: RawBackend): string => `${endpoint.address}:${endpoint.port}`;
const text = ({ body }: SubrequestResponse): string => new TextDecoder().decode(body);
const REQUEST = "GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";

async function ask({ plane }: Served): Promise<string> {
  const client = opened.keep(Object.assign(await RawClient.open(plane.ports.http), { close() {} }));
  client.send(REQUEST);
  const got = await client.end();
  client.socket.destroy();
  return got;
}

const backend = async (serve: Parameters<typeof RawBackend.open>[0]): Promise<RawBackend> =>
  opened.keep(await RawBackend.open(serve));

/** Runs one subrequest for one request of a client; gives its response, or what it rejected with. */
async function subrequest(options: SubrequestOptions, asked: readonly string[] = []): Promise<SubrequestResponse> {
  const main = await backend(answering(echo));
  const result = Promise.withResolvers<SubrequestResponse>();
  const served = await serve(
    async (make, exchange) => {
      try {
        result.resolve(await make(exchange, options));
      } catch (error) {
        result.reject(error);
      }
      return undefined;
    },
    [at(main)],
    asked,
  );
  result.promise.catch(() => {});
  assert.match(await ask(served), /^HTTP\/1\.1 200 /);
  return result.promise;
}

const toUpstream = (target = "/check"): SubrequestOptions["to"] => ({
  kind: "upstream",
  upstream: "default-auth-80",
  target,
  authority: "auth.example",
});

describe("a subrequest", () => {
  it("asks an upstream of the snapshot, and is no request of a client", async () => {
    const auth = await backend(answering(() => "HTTP/1.1 403 No\r\nX-Why: b\r\nContent-Length: 2\r\n\r\nno"));
    const main = await backend(answering(echo));
    const served = await serve(
      async (make, exchange) => {
        const { status, fields, ...rest } = await make(exchange, {
          to: toUpstream("/check?a=1"),
          method: "POST",
          fields: [["X-Original", exchange.target]],
          body: "ü",
        });
        return { status, body: `${fields.get("x-why")} ${text({ status, fields, ...rest })}` };
      },
      [at(main)],
      [at(auth)],
    );
    const got = await ask(served);
    assert.match(got, /^HTTP\/1\.1 403 /);
    assert.match(got, /\r\n\r\nb no$/);
    await (await auth.connection(0)).has("\xc3\xbc");
    const { requests, inFlight } = served.plane.counters();
    assert.deepEqual([requests, inFlight], [1, 0]);
    assert.equal(auth.connections.length, 1);
    await served.plane.close(1_000);
    assert.equal(served.log().split("\n").length, 2);
  });

  it("sends what was asked for, and uses the connections of the pool", async () => {
    const heads: string[] = [];
    const auth = await backend(answering((head) => {
      heads.push(head);
      return echo(head);
    }));
    const main = await backend(answering(echo));
    const served = await serve(
      async (make, exchange) => {
        await make(exchange, { to: toUpstream("/1"), fields: [["X-A", "b"]] });
        await make(exchange, { to: { kind: "url", url: `http://${at(auth)}/2?q=r#f` }, method: "HEAD" });
        return undefined;
      },
      [at(main)],
      [at(auth)],
    );
    assert.match(await ask(served), /^HTTP\/1\.1 200 /);
    assert.deepEqual(heads.map((head) => head.split("\r\n").filter((line) => line !== "")), [
      ["GET /1 HTTP/1.1", "Host: auth.example", "X-A: b"],
      ["HEAD /2?q=r HTTP/1.1", `Host: ${at(auth)}`],
    ]);
  });

  it("tries the next endpoint", async () => {
    const auth = await backend(answering(echo));
    const response = await subrequest({ to: toUpstream() }, [await refusedAddress(), at(auth)]);
    assert.equal(response.status, 200);
    assert.match(text(response), /^GET \/check HTTP/);
  });

  it("goes to a URL over TLS, and verifies whom it meets", async () => {
    const { certificatePem, privateKeyPem } = makeCertificate({ names: ["a.example,IP:127.0.0.1"] });
    const server = createHttpsServer(
      { cert: certificatePem, key: privateKeyPem },
      (_request, reply) => reply.end("hi"),
    );
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    opened.keep({ close: () => new Promise<void>((done) => server.close(() => done())) });
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const response = await subrequest({ to: { kind: "url", url, authorities: "any" } });
    assert.equal(text(response), "hi");
    const trusted = await subrequest({ to: { kind: "url", url, authorities: { pem: certificatePem } } });
    assert.equal(text(trusted), "hi");
    const { certificatePem: pem } = makeCertificate({ names: ["b.example"] });
    await assert.rejects(subrequest({ to: { kind: "url", url, authorities: { pem } } }), { code: "upstream-refused" });
    await assert.rejects(subrequest({ to: { kind: "url", url } }), { name: "ProxyError", code: "upstream-refused" });
    server.closeAllConnections();
  });

  it("may be left to itself, and then outlives the exchange of its client", async () => {
    const answered = Promise.withResolvers<void>();
    const auth = await backend(async (connection) => {
      await connection.has("\r\n\r\n");
      await answered.promise;
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
    });
    const main = await backend(answering(echo));
    let late: Promise<SubrequestResponse> | null = null;
    const served = await serve(
      (make, exchange) => {
        late = make(exchange, { to: toUpstream(), outlivesExchange: true });
        return Promise.resolve(undefined);
      },
      [at(main)],
      [at(auth)],
    );
    assert.match(await ask(served), /^HTTP\/1\.1 200 /);
    answered.resolve();
    assert.equal(text(await late!), "late");
  });

  it("ends with the exchange of its client otherwise, the client gone or answered", async () => {
    const auth = await backend((connection) => connection.has("\r\n\r\n"));
    const main = await backend(answering(echo));
    const rejected = Promise.withResolvers<unknown>();
    const served = await serve(
      async (make, exchange) => {
        await make(exchange, { to: toUpstream() }).catch(rejected.resolve);
        return undefined;
      },
      [at(main)],
      [at(auth)],
    );
    const client = await RawClient.open(served.plane.ports.http);
    client.send(REQUEST);
    const connection = await auth.connection(0);
    await connection.has("\r\n\r\n");
    client.socket.destroy();
    assert.equal((await rejected.promise as { code: string }).code, "downstream-closed");
    await connection.end();
  });

  it("has a deadline for all of it", async () => {
    const auth = await backend(async (connection) => {
      await connection.has("\r\n\r\n");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
    });
    await assert.rejects(subrequest({ to: toUpstream(), timeoutMs: 50 }, [at(auth)]), {
      code: "upstream-timeout",
      message: "the subrequest took too long",
    });
    await (await auth.connection(0)).end();
  });

  it("takes a body of a bounded length", async () => {
    const auth = await backend(answering(() => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345"));
    assert.equal(text(await subrequest({ to: toUpstream(), maxBodyBytes: 5 }, [at(auth)])), "12345");
    await assert.rejects(subrequest({ to: toUpstream(), maxBodyBytes: 4 }, [at(auth)]), {
      message: "the body of the response is longer than 4 bytes",
    });
  });

  it("is counted, and so is its failure", async () => {
    const during: number[] = [];
    const auth = await backend(answering(() => {
      during.push(served.plane.counters().subrequestsInFlight);
      return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    }));
    const main = await backend(answering(echo));
    const nowhere = { kind: "upstream", upstream: "default-none-80", target: "/", authority: "auth.example" } as const;
    const served: Served = await serve(
      async (make, exchange) => {
        await make(exchange, { to: toUpstream() });
        await assert.rejects(make(exchange, { to: nowhere }));
        return undefined;
      },
      [at(main)],
      [at(auth)],
    );
    assert.match(await ask(served), /^HTTP\/1\.1 200 /);
    const { requests, subrequests, subrequestFailures, subrequestsInFlight } = served.plane.counters();
    assert.deepEqual([requests, subrequests, subrequestFailures, subrequestsInFlight], [1, 2, 1, 0]);
    assert.deepEqual(during, [1]);
  });

  it("says that there is no endpoint", async () => {
    await assert.rejects(subrequest({ to: toUpstream() }), { code: "upstream-none" });
    await assert.rejects(subrequest({ to: toUpstream() }, [await refusedAddress()]), { code: "upstream-refused" });
  });

  it("never comes back to a listener of this program", async () => {
    const main = await backend(answering(echo));
    const errors: Error[] = [];
    const served = await serve(async (make, exchange) => {
      const { http, https } = served.plane.ports;
      const targets: SubrequestOptions["to"][] = [
        { kind: "url", url: `http://127.0.0.1:${http}/` },
        { kind: "url", url: `http://[::ffff:127.0.0.1]:${http}/` },
        { kind: "url", url: `http://0.0.0.0:${http}/` },
        { kind: "url", url: `https://127.0.0.1:${https}/`, authorities: "any" },
        toUpstream(),
      ];
      for (const to of targets) await make(exchange, { to }).catch((error) => errors.push(error));
      return undefined;
    }, [at(main)]);
    const { http, https } = served.plane.ports;
    served.plane.apply({
      ...firstUpdate({ upstreams: [upstream("default-auth-80", [`127.0.0.1:${http}`])] }),
      virtualHosts: { set: [], remove: [] },
    });
    assert.match(await ask(served), /^HTTP\/1\.1 200 /);
    assert.deepEqual(
      errors.map(({ message }) => message),
      [`127.0.0.1:${http}`, `127.0.0.1:${http}`, `0.0.0.0:${http}`, `127.0.0.1:${https}`, `127.0.0.1:${http}`].map(
        (address) => `a subrequest must not go to a listener of this program (${address})`,
      ),
    );
    assert.equal(served.plane.counters().accepted, 1);
  });

  it("refuses what makes no request", async () => {
    const to = toUpstream();
    const bad: readonly (readonly [options: SubrequestOptions, message: RegExp])[] = [
      [{ to: { kind: "url", url: "ftp://a.example/" } }, /neither http: nor https:/],
      [{ to: { kind: "url", url: "nowhere" } }, /is no URL/],
      [{ to: toUpstream("x y") }, /is no target/],
      [{ to, method: "A B" }, /is no method/],
      [{ to, fields: [["Host", "b"]] }, /"Host" cannot be given/],
      [{ to, fields: [["X", "a\r\nY: b"]] }, /the value of the field "X" cannot be sent/],
    ];
    for (const [options, message] of bad) await assert.rejects(subrequest(options), { name: "TypeError", message });
  });
});
