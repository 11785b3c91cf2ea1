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

  it("gives an endpoint keys in proportion to its weight, and moves none between the others when it changes", () => {
    const balancer = byTarget();
    const all = endpoints(3);
    balancer.update(all);
    const before = targets.map((target) => pick(balancer, target));
    balancer.update([{ ...all[0]!, weight: 3 }, all[1]!, all[2]!]);
    const after = targets.map((target) => pick(balancer, target));
    const heavy = after.filter((address) => address === "10.0.0.1").length;
    assert.ok(heavy > 1_000 && heavy < 1_400, `${heavy} of 2000, want about 1200`);
    after.forEach((address, i) => address === "10.0.0.1" || assert.equal(address, before[i]));
  });

  it("draws in proportion to weights within a subset", () => {
    const balancer = byTarget(2);
    balancer.update(endpoints(2).map((each, i) => ({ ...each, weight: i === 0 ? 4 : 1 })));
    const heavy =
      Array.from({ length: 2_000 }, () => pick(balancer, "/k")).filter((each) => each === "10.0.0.1").length;
    assert.ok(heavy > 1_480 && heavy < 1_720, `${heavy} of 2000, want about 1600`);
  });

  it("moves the keys of an endpoint that leaves, and no others", () => {
    const balancer = byTarget();
    balancer.update(endpoints(5));
    const before = targets.map((target) => pick(balancer, target));
    balancer.update(endpoints(5).filter(({ address }) => address !== "10.0.0.3"));
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
