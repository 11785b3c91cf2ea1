import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Ring } from "../../../../src/proxy/balancer/ring.ts";

describe("Ring", () => {
  it("gives keys to places as ingress-nginx does: the shares of a known example", () => {
    const ring = new Ring([["server1", 1, 10], ["server2", 2, 2], ["server3", 3, 1]]);
    assert.equal(ring.size, 2080);
    const shares = [0, 0, 0, 0];
    for (let key = 1; key <= 100_000; key++) shares[ring.at(ring.find(String(key)))]!++;
    assert.deepEqual(shares, [0, 75_588, 16_114, 8_298]);
  });

  it("does not depend on the order of the places", () => {
    const one = new Ring([["a", "a"], ["b", "b"], ["c", "c"]]);
    const other = new Ring([["c", "c"], ["a", "a"], ["b", "b"]]);
    for (let key = 0; key < 500; key++) {
      assert.equal(one.at(one.find(`${key}`)), other.at(other.find(`${key}`)));
    }
  });

  it("has nothing to find without places", () => {
    assert.equal(new Ring([]).find("x"), -1);
  });
});
