import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestHead } from "../../../../src/http/mod.ts";
import { type Logger, systemClock } from "../../../../src/observe/mod.ts";
import type { ExchangeHandler, ServerConnection, ServerExchange } from "../../../../src/proxy/contract.ts";
import { DeadlineWheel } from "../../../../src/proxy/deadline-wheel.ts";
import { WireCore } from "../../../../src/proxy/exchange/core.ts";
import { ExchangePool } from "../../../../src/proxy/exchange/exchange-pool.ts";
import { WireExchange } from "../../../../src/proxy/exchange/exchange.ts";
import { MemoryDownstream } from "../../../../src/proxy/exchange/memory-downstream.ts";
import { fakeExchange } from "../../../support/exchange.ts";
import { wireSettings } from "../../../support/wire.ts";

const logger: Logger = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };
const connection: ServerConnection = { ...fakeExchange().connection, memo: null };

/** A downstream that gives its exchange back as those of clients do. */
class Client extends MemoryDownstream {
  exchange: WireExchange | null = null;

  constructor(readonly pool: ExchangePool) {
    super([], 1000);
  }

  override release(): void {
    super.release();
    if (this.exchange !== null) this.pool.giveBack(this.exchange);
  }
}

function setUp(request: ExchangeHandler["request"], more: Partial<ExchangeHandler> = {}) {
  const handler: ExchangeHandler = {
    request,
    responseHead: () => {},
    failure: (_exchange, error) => ({ status: error.status }),
    end: () => {},
    ...more,
  };
  const upstreams = { liveConnections: 0, dropOldestIdle: () => false };
  const core = new WireCore(handler, wireSettings(), upstreams, new DeadlineWheel(systemClock), systemClock, logger);
  const pool = new ExchangePool(core);
  const ask = (target = "/"): WireExchange => {
    const head = new RequestHead();
    head.parse(`GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`, wireSettings());
    const downstream = new Client(pool);
    const exchange = pool.open(downstream, connection, head, "1.1", "http", 0);
    downstream.exchange = exchange;
    downstream.attach(exchange);
    exchange.begin();
    return exchange;
  };
  return { ask, core };
}

const OK = { status: 200, body: "ok" } as const;

describe("ExchangePool", () => {
  it("uses an exchange again, and leaves nothing in it", () => {
    const { ask, core } = setUp((exchange) => exchange.answer(OK));
    const used = ask("/former?a=b");
    const own = used as unknown as Record<string, unknown>;
    for (const name of Object.keys(used)) if (name !== "connection" && name !== "spare") own[name] = "left";
    const again = ask("/later");
    assert.equal(again, used);
    const head = new RequestHead();
    head.parse("GET /later HTTP/1.1\r\nHost: a.example\r\n\r\n", wireSettings());
    const fresh = new WireExchange(core, again.downstream, connection, head, "1.1", "http", 0);
    fresh.begin();
    for (const name of Object.keys(fresh) as (keyof WireExchange)[]) {
      if (name === "receivedAtMs") continue;
      assert.deepEqual(again[name], fresh[name], name);
    }
    assert.notEqual(again.requestId, "left");
  });

  const never: Readonly<Record<string, [ExchangeHandler["request"], Partial<ExchangeHandler>?]>> = {
    "was decided on later": [(exchange) => queueMicrotask(() => exchange.answer(OK))],
    "was said to be kept": [(exchange) => {
      exchange.keep();
      exchange.answer(OK);
    }],
    "somebody follows": [(exchange) => {
      exchange.whenOver(() => {});
      exchange.answer(OK);
    }],
    "sent a Response": [(exchange) => exchange.respond(new Response("ok"))],
    "had its head edited later": [(exchange) => exchange.answer(OK), { responseHead: () => Promise.resolve() }],
    "was cut": [(exchange) => exchange.answer({ status: 444, close: "abort" })],
    "ended on an error of ours": [() => {
      throw new Error("not caught");
    }],
    "had its response replaced": [(exchange) => exchange.answer({ status: 500 }), {
      responseHead: (exchange: ServerExchange) => {
        if (exchange.status === 500) exchange.replace(OK);
      },
    }],
    "was left by its client": [
      (exchange) => ((exchange as WireExchange).downstream as Client).cancel(new Error("gone")),
    ],
  };
  for (const [name, [request, more]] of Object.entries(never)) {
    it(`does not use one again that ${name}`, async () => {
      const { ask } = setUp(request, more);
      const first = ask();
      await (first.downstream as Client).response.catch(() => {});
      assert.equal(first.over, true);
      assert.notEqual(ask(), first);
    });
  }
});
