import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHUNKED, RequestHead } from "../../../../src/http/mod.ts";
import { type Logger, systemClock } from "../../../../src/observe/mod.ts";
import type { ExchangeHandler, ForwardPlan, ServerConnection } from "../../../../src/proxy/contract.ts";
import { DeadlineWheel } from "../../../../src/proxy/deadline-wheel.ts";
import { WireCore } from "../../../../src/proxy/exchange/core.ts";
import { WireExchange } from "../../../../src/proxy/exchange/exchange.ts";
import { MemoryDownstream } from "../../../../src/proxy/exchange/memory-downstream.ts";
import { UpstreamForwarder } from "../../../../src/proxy/forward/upstream-forwarder.ts";
import type { ProxyError } from "../../../../src/proxy-error.ts";
import { fakeExchange } from "../../../support/exchange.ts";
import { MemorySession } from "../../../support/memory-session.ts";
import { forwardSettings, wireSettings } from "../../../support/wire.ts";

const ENDPOINT = { address: "192.0.2.1", port: 80, pod: "p", weight: 1 };

/** A downstream that takes no more after each write until it is told to. */
class SlowDownstream extends MemoryDownstream {
  override write(bytes: Uint8Array, start: number, end: number): boolean {
    super.write(bytes, start, end);
    return false;
  }
}

interface Asked {
  readonly downstream: MemoryDownstream;
  readonly exchange: WireExchange;
}

/** A forwarder in front of a session; nothing of it touches a socket. */
function setUp(options: { capacity?: number; responseHead?: ExchangeHandler["responseHead"] } = {}) {
  const session = new MemorySession(options.capacity ?? 10);
  const other = new MemorySession(10);
  const errors: ProxyError[] = [];
  const internal: string[] = [];
  const say = (_message: string, fields?: object): void => void internal.push(JSON.stringify(fields));
  const logger: Logger = { debug: say, info: say, warning: say, error: say };
  const ended: number[] = [];
  const handler: ExchangeHandler = {
    request: () => {},
    responseHead: (exchange) => options.responseHead?.(exchange),
    failure: (_exchange, error) => {
      errors.push(error);
      return { status: error.status };
    },
    end: (exchange) => void ended.push(exchange.status),
  };
  const upstreams = { liveConnections: 0, dropOldestIdle: () => false };
  const core = new WireCore(handler, wireSettings(), upstreams, new DeadlineWheel(systemClock), systemClock, logger);
  core.forwarder = new UpstreamForwarder(core, session, new Map([["other", other]]));
  const ask = (
    given: { method?: string; target?: string; body?: readonly string[]; slow?: true } = {},
    settings: Partial<ForwardPlan["settings"]> = {},
  ): Asked => {
    const { method = "GET", target = "/", body = [] } = given;
    const head = new RequestHead();
    const framing = body.length === 0 ? "" : "Transfer-Encoding: chunked\r\n";
    head.parse(`${method} ${target} HTTP/1.1\r\nHost: a.example\r\n${framing}\r\n`, wireSettings());
    const parts = body.map((text) => new TextEncoder().encode(text));
    const downstream = new (given.slow === true ? SlowDownstream : MemoryDownstream)(parts, 1000);
    const connection: ServerConnection = { ...fakeExchange().connection, memo: null };
    const exchange = new WireExchange(core, downstream, connection, head, "1.1", "http", head.bodyBytes);
    downstream.attach(exchange);
    exchange.forward({
      settings: forwardSettings(settings),
      target,
      fieldBlock: "Host: a.example\r\n",
      pick: (attempt) => attempt < 2 ? ENDPOINT : undefined,
    });
    return { downstream, exchange };
  };
  return { ask, core, ended, errors, internal, other, session };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("Forward", () => {
  it("carries several exchanges on one session at once, answered in any order, with trailers", async () => {
    const { ask, ended, session } = setUp();
    const asked = ["/0", "/1", "/2"].map((target) => ask({ target }));
    assert.equal(session.active, 3);
    assert.deepEqual(session.leases.map(({ target }) => target), ["/0", "/1", "/2"]);
    for (const lease of session.leases) assert.equal(lease.answerHead(200, `X: ${lease.target}\r\n`, CHUNKED), true);
    for (const n of [2, 0, 1]) session.leases[n]!.data(`one${n}`);
    for (const n of [1, 2, 0]) {
      session.leases[n]!.data(`two${n}`);
      session.leases[n]!.complete(`X-Sum: ${n}\r\nHost: no\r\n`);
    }
    const responses = await Promise.all(asked.map(({ downstream }) => downstream.response));
    assert.deepEqual(responses.map(({ body }) => text(body)), ["one0two0", "one1two1", "one2two2"]);
    assert.deepEqual(responses.map(({ trailers }) => trailers), [0, 1, 2].map((n) => `X-Sum: ${n}\r\n`));
    assert.deepEqual(responses.map(({ fields }) => fields), [0, 1, 2].map((n) => [["X", `/${n}`]]));
    assert.deepEqual(session.leases.map(({ state }) => state), ["released", "released", "released"]);
    assert.deepEqual(ended, [200, 200, 200]);
    assert.equal(asked[0]!.exchange.attempts[0]!.responseBytes, 8);
  });

  it("takes a session of the protocol that the settings name; without such sessions 500 is answered", async () => {
    const { ask, errors, internal, other, session } = setUp();
    ask();
    ask({}, { protocol: "other" });
    ask({}, { protocol: "http" });
    assert.deepEqual([session.active, other.active], [2, 1]);
    const { downstream } = ask({}, { protocol: "nobody's" });
    assert.equal((await downstream.response).status, 500);
    assert.equal(errors.length, 0);
    assert.match(internal.join(), /there are no sessions of this protocol/);
  });

  it("sends a body as it comes, pauses it while the session is full, and goes on when that drains", async () => {
    const { ask, session } = setUp();
    const { downstream } = ask({ method: "POST", body: ["ab", "cd", "ef"] }, { requestBuffering: false });
    const lease = session.leases[0]!;
    assert.equal(lease.body, "abcdef");
    assert.equal(lease.requestEnded, true);
    lease.answerHead(204, "", 0);
    lease.complete();
    assert.equal((await downstream.response).status, 204);

    const second = setUp();
    second.session.lease = function (owner) {
      const lease = MemorySession.prototype.lease.call(this, owner);
      lease.full = true;
      return lease;
    };
    second.ask({ method: "POST", body: ["ab", "cd"] }, { requestBuffering: false, sendTimeoutMs: 7 });
    const slow = second.session.leases[0]!;
    assert.equal(slow.body, "ab");
    assert.equal(slow.deadlineMs, 7);
    slow.full = false;
    slow.owner!.upstreamDrained();
    assert.equal(slow.body, "abcd");
    assert.equal(slow.requestEnded, true);
  });

  it("pauses the upstream while the downstream is full, and resumes it", async () => {
    const { ask, session } = setUp();
    const { downstream, exchange } = ask({ slow: true });
    const lease = session.leases[0]!;
    lease.answerHead(200, "", CHUNKED);
    lease.data("x");
    assert.equal(lease.paused, true);
    exchange.clientDrained();
    assert.equal(lease.paused, false);
    lease.complete();
    assert.equal(text((await downstream.response).body), "x");
  });

  it("has what follows a head wait while a policy takes its time", async () => {
    const hook = Promise.withResolvers<void>();
    const { ask, session } = setUp({ responseHead: () => hook.promise });
    const { downstream } = ask();
    const lease = session.leases[0]!;
    const resumed = Promise.withResolvers<void>();
    lease.resume = () => resumed.resolve();
    assert.equal(lease.answerHead(200, "", CHUNKED), false);
    hook.resolve();
    await resumed.promise;
    lease.data("late");
    lease.complete();
    assert.equal(text((await downstream.response).body), "late");
  });

  it("tries the next endpoint after a failure, and gives the failed lease up", async () => {
    const { ask, errors, session } = setUp();
    const { downstream, exchange } = ask();
    session.leases[0]!.received = true;
    session.leases[0]!.owner!.upstreamEnded(null);
    assert.equal(session.leases[0]!.state, "abandoned");
    session.leases[1]!.answerHead(200, "", 0);
    session.leases[1]!.complete();
    assert.equal((await downstream.response).status, 200);
    assert.deepEqual(exchange.attempts.map(({ status }) => status), [502, 200]);
    assert.deepEqual(errors, []);
  });

  it("shows a response that breaks off as such", async () => {
    const { ask, session } = setUp();
    const { downstream } = ask();
    session.leases[0]!.answerHead(200, "", 10);
    session.leases[0]!.data("half");
    session.leases[0]!.owner!.upstreamEnded(new Error("reset"));
    await assert.rejects(downstream.response, { code: "upstream-closed", message: "the response broke off" });
    assert.equal(session.leases[0]!.state, "abandoned");
  });

  it("gives its lease up when the downstream goes, whatever it waits for", async () => {
    const { ask, ended, session } = setUp({ capacity: 3 });
    const asked = [ask(), ask(), ask(), ask()];
    session.leases[1]!.answerHead(200, "", CHUNKED);
    session.leases[2]!.answerHead(200, "", CHUNKED);
    session.leases[2]!.data("some");
    for (const { downstream } of asked) downstream.cancel(new Error("gone"));
    for (const { downstream } of asked) await assert.rejects(downstream.response, /gone/);
    assert.deepEqual(session.leases.map(({ state }) => state), Array(4).fill("abandoned"));
    assert.equal(session.active, 0);
    assert.deepEqual(ended, [499, 200, 200, 499]);
  });

  it("lets a body grow to its bound in memory, and no further", async () => {
    const { ask, session } = setUp();
    const { downstream } = ask();
    session.leases[0]!.answerHead(200, "", CHUNKED);
    session.leases[0]!.data("x".repeat(1000));
    session.leases[0]!.data("y");
    await assert.rejects(downstream.response, {
      code: "upstream-malformed",
      message: "the body of the response is longer than 1000 bytes",
    });
    assert.equal(session.leases[0]!.state, "abandoned");
  });

  it("ends one exchange, and no other, on an error of our own", async () => {
    const { ask, core, internal, session } = setUp({
      responseHead: (exchange) => {
        if (exchange.status === 201) throw new Error("a policy broke");
      },
    });
    const [bad, good] = [ask(), ask()];
    session.leases[0]!.answerHead(201, "", 0);
    session.leases[1]!.answerHead(200, "", 0);
    session.leases[1]!.complete();
    assert.equal((await bad.downstream.response).status, 500);
    assert.equal((await good.downstream.response).status, 200);
    assert.equal(session.leases[0]!.state, "abandoned");
    assert.equal(core.internalErrors.count, 1);
    assert.match(internal[0]!, /a policy broke/);
  });
});
