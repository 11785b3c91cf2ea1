import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConsistentHash } from "../../../../src/proxy/balancer/mod.ts";
import { fakeExchange } from "../../../support/exchange.ts";
import { describeBalancer, endpoints } from "./balancer.case.ts";

const byTarget = (subsetSize: number | null = null): ConsistentHash =>
  new ConsistentHash({ key: ({ target }) => target, subsetSize });

describeBalancer("ConsistentHash", () => byTarget());
describeBalancer("ConsistentHash with subsets", () => byTarget(2));

const pick = (balancer: ConsistentHash, target: string): string => balancer.pick(fakeExchange({ target }), [])!.address;

const targets = Array.from({ length: 2000 }, (_, i) => `/key/${i}`);

describe("ConsistentHash", () => {
  it("keeps a key with its endpoint, whatever the order of the endpoints", () => {
    const [one, other] = [byTarget(), byTarget()];
    one.update(endpoints(5));
    other.update(endpoints(5).reverse());
    for (const target of targets) assert.equal(pick(one, target), pick(other, target));
  });

  it("spreads keys evenly", () => {
    const balancer = byTarget();
    balancer.update(endpoints(5));
    const counts = new Map<string, number>();
    for (const target of targets) {
      const address = pick(balancer, target);
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    for (const [address, count] of counts) assert.ok(count > 280 && count < 530, `${address}: ${count} of 2000`);
  });

  it("moves the keys of an endpoint that leaves, and no others", () => {
    const balancer = byTarget();
    balancer.update(endpoints(5));
    const before = targets.map((target) => pick(balancer, target));
    balancer.update(endpoints(5).filter(({ endpoint }) => endpoint.address !== "10.0.0.3"));
    targets.forEach((target, i) => {
      if (before[i] !== "10.0.0.3") assert.equal(pick(balancer, target), before[i]);
    });
  });

  it("keeps a key within its subset, and uses all of it", () => {
    const balancer = byTarget(2);
    balancer.update(endpoints(5));
    const seen = new Set(Array.from({ length: 60 }, () => pick(balancer, "/k")));
    assert.equal(seen.size, 2);
  });
});
