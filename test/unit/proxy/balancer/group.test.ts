import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Resolution, UpstreamGroup } from "../../../../src/proxy/balancer/mod.ts";
import type { Logger } from "../../../../src/observe/mod.ts";
import { fakeExchange } from "../../../support/exchange.ts";
import { upstream } from "../../../support/snapshot.ts";

const told: string[] = [];
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warning: (message) => void told.push(message),
  error: (message) => void told.push(message),
};
const exchange = fakeExchange();
const named = (hostname: string, port = 8080) => upstream("default-ext-80", [], { dns: { hostname, port } });

/** A resolver whose answers the test gives. */
function heldResolver(): { asked: string[]; resolve(name: string): Promise<Resolution>; answer(r: Resolution): void } {
  const waiting: ((resolution: Resolution) => void)[] = [];
  const asked: string[] = [];
  return {
    asked,
    resolve: (name) => {
      asked.push(name);
      return new Promise((done) => waiting.push(done));
    },
    answer: (resolution) => waiting.shift()!(resolution),
  };
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
const found = (...addresses: string[]): Resolution => ({ kind: "found", addresses, ttlMs: 60_000 });

describe("UpstreamGroup", () => {
  it("has no endpoint before it is told of one, nor after it was retired", () => {
    const group = new UpstreamGroup("default-echo-80", logger);
    assert.equal(group.available(), false);
    group.update(upstream("default-echo-80", ["10.0.0.1:80"]));
    assert.equal(group.available(), true);
    group.retire();
    assert.equal(group.available(), false);
    assert.equal(group.pick(exchange, []), undefined);
  });

  it("changes its balancer when the upstream asks for another", () => {
    const group = new UpstreamGroup("default-echo-80", logger);
    const endpoints = ["10.0.0.1:80", "10.0.0.2:80"];
    group.update(upstream("default-echo-80", endpoints, {
      balancer: { kind: "hash", key: "$request_uri", subsetSize: null },
    }));
    const same = new Set(Array.from({ length: 10 }, () => group.pick(exchange, [])!.address));
    assert.equal(same.size, 1);
    group.update(upstream("default-echo-80", endpoints));
    assert.equal(new Set(Array.from({ length: 10 }, () => group.pick(exchange, [])!.address)).size, 2);
  });

  it("keeps a request waiting for the first look-up of a name, and no other", async () => {
    const resolver = heldResolver();
    const group = new UpstreamGroup("default-ext-80", logger, { resolve: resolver.resolve });
    group.update(named("svc.example"));
    const first = group.available();
    assert.ok(first instanceof Promise);
    resolver.answer(found("192.0.2.1"));
    assert.equal(await first, true);
    assert.deepEqual(group.pick(exchange, []), { address: "192.0.2.1", port: 8080, pod: "", weight: 1 });
    assert.equal(group.available(), true);
    assert.deepEqual(resolver.asked, ["svc.example"]);
    group.retire();
  });

  it("has no endpoint for a name that does not exist", async () => {
    const resolver = heldResolver();
    const group = new UpstreamGroup("default-ext-80", logger, { resolve: resolver.resolve });
    group.update(named("none.example"));
    const first = group.available();
    resolver.answer({ kind: "none", ttlMs: 60_000 });
    assert.equal(await first, false);
    assert.equal(group.available(), false);
    group.retire();
  });

  it("looks up again after the time to live, and keeps what it knew when nobody answers", async () => {
    const resolver = heldResolver();
    const group = new UpstreamGroup("default-ext-80", logger, { resolve: resolver.resolve });
    group.update(named("svc.example"));
    const first = group.available();
    resolver.answer({ kind: "found", addresses: ["192.0.2.1"], ttlMs: 1 });
    await first;
    while (resolver.asked.length < 2) await new Promise((done) => setTimeout(done, 1));
    assert.equal(group.available(), true);
    told.length = 0;
    resolver.answer({ kind: "failed", message: "timeout", ttlMs: 1 });
    await turn();
    assert.equal(group.pick(exchange, [])?.address, "192.0.2.1");
    assert.deepEqual(told, ["cannot look up the name of an upstream"]);
    while (resolver.asked.length < 3) await new Promise((done) => setTimeout(done, 1));
    resolver.answer(found("192.0.2.2", "192.0.2.3"));
    await turn();
    assert.equal(group.size, 2);
    group.retire();
  });

  it("keeps the addresses of a name when it is given another balancer", async () => {
    const resolver = heldResolver();
    const group = new UpstreamGroup("default-ext-80", logger, { resolve: resolver.resolve });
    group.update(named("svc.example"));
    const first = group.available();
    resolver.answer(found("192.0.2.1"));
    await first;
    group.update({ ...named("svc.example"), balancer: { kind: "ewma" } });
    assert.equal(group.available(), true);
    assert.equal(group.pick(exchange, [])?.address, "192.0.2.1");
    assert.deepEqual(resolver.asked, ["svc.example"]);
    group.retire();
  });

  it("forgets the answer of a look-up that an update overtook", async () => {
    const resolver = heldResolver();
    const group = new UpstreamGroup("default-ext-80", logger, { resolve: resolver.resolve });
    group.update(named("old.example"));
    group.update(named("new.example"));
    resolver.answer(found("192.0.2.1"));
    await turn();
    assert.equal(group.size, 0);
    resolver.answer(found("192.0.2.2"));
    await turn();
    assert.equal(group.pick(exchange, [])?.address, "192.0.2.2");
    group.update(upstream("default-ext-80", ["10.0.0.1:80"]));
    assert.equal(group.pick(exchange, [])?.address, "10.0.0.1");
    group.retire();
  });

  for (const kind of ["round-robin", "ewma", "hash"] as const) {
    it(`tries an endpoint that was out of reach last for a moment, and again when all others fail (${kind})`, () => {
      let now = 0;
      const group = new UpstreamGroup("default-echo-80", logger, { nowMs: () => now });
      const balancer = kind === "hash" ? { kind, key: "$request_uri", subsetSize: null } : { kind };
      group.update(upstream("default-echo-80", ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"], { balancer }));
      const down = group.pick(exchange, [])!;
      group.observe(down, "unreachable", 1);
      for (let i = 0; i < 20; i++) {
        const first = group.pick(exchange, [])!;
        const second = group.pick(exchange, [first])!;
        const third = group.pick(exchange, [first, second])!;
        assert.equal(third.address, down.address);
      }
      now += 2_000;
      const firsts = new Set(Array.from({ length: 100 }, () => group.pick(exchange, [])!.address));
      assert.ok(firsts.has(down.address));
    });
  }

  it("keeps the position and what speaks against endpoints when others come and go", () => {
    const group = new UpstreamGroup("default-echo-80", logger, { nowMs: () => 0 });
    const at = (count: number) => Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}:80`);
    group.update(upstream("default-echo-80", at(3)));
    group.observe({ address: "10.0.0.2", port: 80, pod: "", weight: 1 }, "unreachable", 1);
    const seen: string[] = [];
    for (let i = 0; i < 8; i++) {
      seen.push(group.pick(exchange, [])!.address.at(-1)!);
      group.update(upstream("default-echo-80", at(i % 2 === 0 ? 4 : 3)));
    }
    assert.ok(!seen.includes("2"));
    seen.forEach((each, i) => assert.notEqual(each, seen[i - 1]));
  });
});
