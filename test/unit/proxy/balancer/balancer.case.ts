/**
 * What every balancer promises; each one runs this suite.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Balancer } from "../../../../src/proxy/balancer/mod.ts";
import type { Endpoint } from "../../../../src/snapshot/snapshot.ts";
import { fakeExchange } from "../../../support/exchange.ts";
import { endpoint } from "../../../support/snapshot.ts";

/** Endpoints 10.0.0.1:80 onwards, of equal weight. */
export function endpoints(count: number, weight = 1): Endpoint[] {
  return Array.from({ length: count }, (_, i) => ({ ...endpoint(`10.0.0.${i + 1}:80`), weight }));
}

const exchange = fakeExchange();

/** Picks for as many exchanges, each with a first attempt only. */
export function picks(balancer: Balancer, count: number): string[] {
  return Array.from({ length: count }, () => balancer.pick(exchange, [])!.address);
}

/** Runs the suite. */
export function describeBalancer(name: string, make: () => Balancer): void {
  describe(`${name} as a balancer`, () => {
    it("yields nothing without endpoints", () => {
      const balancer = make();
      assert.equal(balancer.pick(exchange, []), undefined);
      balancer.update([]);
      assert.equal(balancer.pick(exchange, []), undefined);
    });

    it("yields the only endpoint again and again", () => {
      const balancer = make();
      balancer.update(endpoints(1));
      const tried: Endpoint[] = [];
      for (let i = 0; i < 4; i++) {
        const picked = balancer.pick(exchange, tried);
        assert.equal(picked?.address, "10.0.0.1");
        tried.push(picked);
      }
    });

    for (const count of [2, 3, 5]) {
      it(`tries each of ${count} endpoints once before any of them again`, () => {
        const balancer = make();
        balancer.update(endpoints(count));
        for (let round = 0; round < 10; round++) {
          const tried: Endpoint[] = [];
          for (let i = 0; i < 2 * count; i++) tried.push(balancer.pick(exchange, tried)!);
          for (const part of [tried.slice(0, count), tried.slice(count)]) {
            assert.equal(new Set(part.map(({ address }) => address)).size, count);
          }
        }
      });
    }

    it("yields ejected endpoints after all others, and all of them again when there is no other", () => {
      const balancer = make();
      const all = endpoints(4);
      balancer.update(all);
      const ejected = all.slice(0, 2);
      for (let round = 0; round < 20; round++) {
        const tried: Endpoint[] = [];
        for (let i = 0; i < 4; i++) tried.push(balancer.pick(exchange, tried, ejected)!);
        const addresses = tried.map(({ address }) => address);
        assert.deepEqual(addresses.slice(0, 2).sort(), ["10.0.0.3", "10.0.0.4"]);
        assert.deepEqual(addresses.slice(2).sort(), ["10.0.0.1", "10.0.0.2"]);
      }
      balancer.update(all.slice(0, 2));
      const seen = new Set<string>();
      for (let i = 0; i < 4; i++) {
        const first = balancer.pick(exchange, [], ejected)!;
        seen.add(first.address).add(balancer.pick(exchange, [first], ejected)!.address);
      }
      assert.equal(seen.size, 2);
    });

    it("never yields an endpoint that is gone, and yields those that came", () => {
      const balancer = make();
      balancer.update(endpoints(4));
      picks(balancer, 5);
      balancer.update(endpoints(6).slice(3));
      const seen = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const tried: Endpoint[] = [];
        for (let k = 0; k < 3; k++) tried.push(balancer.pick(exchange, tried)!);
        for (const { address } of tried) seen.add(address);
      }
      assert.deepEqual([...seen].sort(), ["10.0.0.4", "10.0.0.5", "10.0.0.6"]);
    });

    it("survives losing all endpoints and getting them back", () => {
      const balancer = make();
      balancer.update(endpoints(2));
      balancer.update([]);
      assert.equal(balancer.pick(exchange, []), undefined);
      balancer.update(endpoints(2));
      assert.notEqual(balancer.pick(exchange, []), undefined);
    });
  });
}
