import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RoundRobin } from "../../../../src/proxy/balancer/mod.ts";
import { fakeExchange } from "../../../support/exchange.ts";
import { endpoint } from "../../../support/snapshot.ts";
import { describeBalancer, endpoints, picks } from "./balancer.case.ts";

describeBalancer("RoundRobin", () => new RoundRobin());

const count = (addresses: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const address of addresses) counts[address] = (counts[address] ?? 0) + 1;
  return counts;
};

describe("RoundRobin", () => {
  it("lets endpoints take turns in their order", () => {
    const balancer = new RoundRobin(() => 0);
    balancer.update(endpoints(3));
    assert.deepEqual(picks(balancer, 4), ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"]);
  });

  it("starts at a random endpoint", () => {
    const balancer = new RoundRobin(() => 0.7);
    balancer.update(endpoints(3));
    assert.deepEqual(picks(balancer, 2), ["10.0.0.3", "10.0.0.1"]);
  });

  it("serves in proportion to weights, smoothly", () => {
    const balancer = new RoundRobin(() => 0);
    balancer.update([
      { ...endpoint("10.0.0.1:80"), weight: 5 },
      { ...endpoint("10.0.0.2:80"), weight: 1 },
      { ...endpoint("10.0.0.3:80"), weight: 1 },
    ]);
    assert.deepEqual(picks(balancer, 7).map((each) => each.at(-1)), ["1", "1", "2", "1", "3", "1", "1"]);
    assert.deepEqual(count(picks(balancer, 70)), { "10.0.0.1": 50, "10.0.0.2": 10, "10.0.0.3": 10 });
  });

  it("goes on where it was when endpoints come and go", () => {
    const balancer = new RoundRobin(() => 0);
    balancer.update(endpoints(4));
    picks(balancer, 2);
    const all = endpoints(4);
    // the turn is at 3, which leaves: 4 is next
    balancer.update([all[0]!, all[1]!, all[3]!]);
    assert.deepEqual(picks(balancer, 3), ["10.0.0.4", "10.0.0.1", "10.0.0.2"]);
  });

  it("keeps shares of weighted endpoints over an update that changes nothing for them", () => {
    const balancer = new RoundRobin(() => 0);
    const weighted = endpoints(2).map((each, i) => ({ ...each, weight: i + 1 }));
    balancer.update(weighted);
    const seen: string[] = [];
    for (let i = 0; i < 30; i++) {
      seen.push(...picks(balancer, 1));
      balancer.update(weighted);
    }
    assert.deepEqual(count(seen), { "10.0.0.1": 10, "10.0.0.2": 20 });
  });

  it("gives a retry the next endpoint", () => {
    const balancer = new RoundRobin(() => 0);
    balancer.update(endpoints(3));
    const first = balancer.pick(fakeExchange(), [])!;
    assert.equal(balancer.pick(fakeExchange(), [first])!.address, "10.0.0.2");
  });

  it("lets the others take even turns while one is passed over", () => {
    const balancer = new RoundRobin(() => 0);
    const all = endpoints(4);
    balancer.update(all);
    const seen = Array.from({ length: 9 }, () => balancer.pick(fakeExchange(), [], [all[1]!])!.address);
    assert.deepEqual(count(seen), { "10.0.0.1": 3, "10.0.0.3": 3, "10.0.0.4": 3 });
  });

  it("does not make up for the picks that a weighted endpoint was passed over", () => {
    const balancer = new RoundRobin(() => 0);
    const weighted = endpoints(3).map((each, i) => ({ ...each, weight: i + 1 }));
    balancer.update(weighted);
    for (let i = 0; i < 1_000; i++) balancer.pick(fakeExchange(), [], [weighted[2]!]);
    assert.deepEqual(count(picks(balancer, 60)), { "10.0.0.1": 10, "10.0.0.2": 20, "10.0.0.3": 30 });
  });
});
