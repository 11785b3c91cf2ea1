/**
 * The data plane with hand-made snapshots: real clients, real backends, and updates while it runs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { ask, echoBackend, refusedAddress, serving } from "../support/data-plane.ts";
import { firstUpdate, laterUpdate, location, upstream, virtualHost } from "../support/snapshot.ts";

describe("DataPlane", () => {
  let one: Server & { at: string };
  let two: Server & { at: string };
  before(async () => {
    [one, two] = await Promise.all([echoBackend("one"), echoBackend("two")]);
  });
  after(async () => {
    for (const server of [one, two]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });

  const echo = "default-echo-80";
  const hosts = [virtualHost("a.example", [location("prefix /", echo)])];

  it("proxies to the endpoints in turns", async () => {
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [one.at, two.at])] }), async (plane) => {
      const names: string[] = [];
      for (let i = 0; i < 4; i++) names.push((await ask(plane, "a.example", "/x")).echo.name);
      assert.deepEqual([...names].sort(), ["one", "one", "two", "two"]);
      assert.notEqual(names[0], names[1]);
    });
  });

  it("takes request and body through, and tells the backend about the client", async () => {
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [one.at])] }), async (plane) => {
      const { status, echo } = await ask(plane, "a.example", "/p%20q//r?x=%26", {
        method: "POST",
        body: "hello",
        headers: { "x-forwarded-for": "1.2.3.4", "proxy": "http://evil.example", "x-own": "kept" },
      });
      assert.equal(status, 200);
      assert.equal(`${echo.method} ${echo.url} ${echo.body}`, "POST /p%20q//r?x=%26 hello");
      assert.equal(echo.headers["host"], "a.example");
      assert.equal(echo.headers["x-forwarded-for"], "127.0.0.1");
      assert.equal(echo.headers["x-original-forwarded-for"], "1.2.3.4");
      assert.equal(echo.headers["x-forwarded-port"], String(plane.ports.http));
      assert.equal(echo.headers["x-own"], "kept");
      assert.equal(echo.headers["proxy"], undefined);
      assert.match(echo.headers["x-request-id"]!, /^[0-9a-f]{32}$/);
    });
  });

  it("serves an update from the next request on, and closes nothing", async () => {
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [one.at])] }), async (plane) => {
      assert.equal((await ask(plane, "a.example", "/")).echo.name, "one");
      plane.apply(laterUpdate({ upstreams: [upstream(echo, [two.at])] }));
      assert.equal((await ask(plane, "a.example", "/")).echo.name, "two");
      assert.equal((await ask(plane, "b.example", "/")).status, 404);
      plane.apply(laterUpdate({ hosts: [virtualHost("b.example", [location("prefix /", echo)])] }));
      assert.equal((await ask(plane, "b.example", "/")).echo.name, "two");
      plane.apply(laterUpdate({ removeHosts: ["b.example"] }));
      assert.equal((await ask(plane, "b.example", "/")).status, 404);
      plane.apply(laterUpdate({ globals: { headers: { addHeaders: [["X-Added", "1"]] } } }));
      assert.equal((await ask(plane, "a.example", "/")).headers["x-added"], "1");
    });
  });

  it("ends a keep-alive connection's next request on the new tables", async () => {
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [one.at])] }), async (plane) => {
      const socket = connect(plane.ports.http, "127.0.0.1");
      let received = "";
      const until = (count: number): Promise<void> =>
        new Promise((done) => {
          const look = (): void => {
            if (received.split("HTTP/1.1 ").length > count) done();
            else socket.once("data", () => setImmediate(look));
          };
          look();
        });
      socket.on("data", (chunk) => received += chunk.toString());
      socket.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
      await until(1);
      plane.apply(laterUpdate({ upstreams: [upstream(echo)] }));
      socket.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
      await until(2);
      socket.destroy();
      assert.match(received, /^HTTP\/1\.1 200 [^]*HTTP\/1\.1 503 /);
    });
  });

  it("passes over an endpoint that refuses, and answers 502 when all do", async () => {
    const dead = await refusedAddress();
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [dead, one.at])] }), async (plane, log) => {
      for (let i = 0; i < 4; i++) assert.equal((await ask(plane, "a.example", "/")).echo.name, "one");
      plane.apply(laterUpdate({ upstreams: [upstream(echo, [dead])] }));
      assert.equal((await ask(plane, "a.example", "/refused")).status, 502);
      await plane.close(1_000);
      const line = log().split("\n").find((each) => each.includes("/refused"));
      assert.match(line!, /" 502 .* 502, 502, 502 [0-9a-f]{32}$/);
    });
  });

  it("writes the default line for each request, all of them by the time it is closed", async () => {
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [one.at])] }), async (plane, log) => {
      await ask(plane, "a.example", "/l?x=1", {
        headers: { "user-agent": 'a"b', "referer": "http://r/", "x-request-id": "id1" },
      });
      await ask(plane, "unknown.example", "/not-logged");
      await plane.close(1_000);
      const lines = log().trimEnd().split("\n");
      assert.equal(lines.length, 1);
      const date = String.raw`\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}`;
      assert.match(
        lines[0]!,
        new RegExp(
          String.raw`^127\.0\.0\.1 - - \[${date}\] "GET \/l\?x=1 HTTP\/1\.1" 200 \d+ "http:\/\/r\/" "a\\x22b" \d+ ` +
            String.raw`\d+\.\d{3} \[default-echo-80\] \[\] ${one.at} \d+ \d+\.\d{3} 200 id1$`,
        ),
      );
    });
  });

  it("follows log-format-upstream and skip-access-log-urls as they change", async () => {
    const line = "$status $request_uri $namespace";
    const accessLog = {
      enabled: true,
      path: "stdout",
      format: line,
      escape: "default" as const,
      ofDefaultBackend: false,
    };
    const globals = { accessLog: { ...accessLog, skipUrls: ["/quiet", "~^/ping/"] } };
    await serving(firstUpdate({ hosts, globals, upstreams: [upstream(echo, [one.at])] }), async (plane, log) => {
      for (const path of ["/quiet", "/ping/1", "/loud"]) await ask(plane, "a.example", path);
      plane.apply(laterUpdate({ globals: { accessLog: { ...accessLog, enabled: false } } }));
      await ask(plane, "a.example", "/never");
      plane.apply(laterUpdate({ globals: { accessLog: { ...accessLog, format: "J $status", skipUrls: [] } } }));
      await ask(plane, "a.example", "/quiet");
      await plane.close(1_000);
      assert.deepEqual(log().trimEnd().split("\n"), ["200 /loud default", "J 200"]);
    });
  });

  it("logs requests for unknown hosts with enable-access-log-for-default-backend", async () => {
    const log = {
      enabled: true,
      path: "stdout",
      format: "$status $request_uri",
      escape: "default",
      skipUrls: [],
    } as const;
    const globals = { accessLog: { ...log, ofDefaultBackend: true } };
    await serving(firstUpdate({ hosts, globals }), async (plane, written) => {
      await ask(plane, "unknown.example", "/lost");
      await plane.close(1_000);
      assert.equal(written(), "404 /lost\n");
    });
  });

  it("terminates TLS with a certificate of its own when there is none", async () => {
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [one.at])] }), async (plane) => {
      const { echo, status } = await ask(plane, "a.example", "/t", { tls: true });
      assert.equal(status, 200);
      assert.equal(echo.headers["x-forwarded-proto"], "https");
    });
  });

  it("answers /healthz and /nginx_status on unknown hosts only", async () => {
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [one.at])] }), async (plane) => {
      const healthy = await ask(plane, "10.0.0.1", "/healthz");
      assert.equal(`${healthy.status} "${healthy.text}"`, '200 ""');
      assert.match((await ask(plane, "10.0.0.1", "/nginx_status")).text, /^Active connections: \d+ \n/);
      assert.equal((await ask(plane, "a.example", "/healthz")).echo.name, "one");
    });
  });

  it("counts, and lets a request in flight end while it closes", async () => {
    let release: () => void = () => {};
    const slow = createServer((_incoming, reply) => {
      release = () => reply.end("late");
      slow.emit("asked");
    });
    await new Promise<void>((done) => slow.listen(0, "127.0.0.1", done));
    const at = `127.0.0.1:${(slow.address() as AddressInfo).port}`;
    await serving(firstUpdate({ hosts, upstreams: [upstream(echo, [at])] }), async (plane) => {
      const asked = new Promise((done) => slow.once("asked", done));
      const reply = ask(plane, "a.example", "/slow");
      await asked;
      assert.equal(plane.counters().inFlight, 1);
      const closed = plane.close(5_000);
      release();
      assert.equal((await reply).text, "late");
      await closed;
      const { inFlight, requests, active, internalErrors } = plane.counters();
      assert.deepEqual({ inFlight, requests, active, internalErrors }, {
        inFlight: 0,
        requests: 1,
        active: 0,
        internalErrors: 0,
      });
    });
    slow.closeAllConnections();
    await new Promise((done) => slow.close(done));
  });
});
