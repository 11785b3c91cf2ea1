import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Ewma } from "../../../../src/proxy/balancer/mod.ts";
import { fakeExchange } from "../../../support/exchange.ts";
import { endpoint } from "../../../support/snapshot.ts";
import { random } from "../../../support/random.ts";
import { describeBalancer, endpoints, picks } from "./balancer.case.ts";

describeBalancer("Ewma", () => new Ewma());

/** Random numbers below 1, the same in every run. */
function fractions(seed: number): () => number {
  const next = random(seed);
  return () => next(1_000_000) / 1_000_000;
}

describe("Ewma", () => {
  const exchange = fakeExchange();

  it("takes the faster of two", () => {
    let now = 0;
    const balancer = new Ewma({ random: fractions(1), now: () => now });
    balancer.update(endpoints(2));
    now += 1_000;
    balancer.observe(endpoint("10.0.0.1:80"), "answered", 500);
    balancer.observe(endpoint("10.0.0.2:80"), "answered", 5);
    assert.deepEqual(new Set(picks(balancer, 50)), new Set(["10.0.0.2"]));
  });

  it("spreads over endpoints that are equally fast", () => {
    const balancer = new Ewma({ random: fractions(2), now: () => 0 });
    balancer.update(endpoints(4));
    assert.equal(new Set(picks(balancer, 200)).size, 4);
  });

  it("forgives an endpoint that was slow long ago", () => {
    let now = 0;
    const balancer = new Ewma({ random: fractions(3), now: () => now });
    balancer.update(endpoints(2));
    now += 10_000;
    balancer.observe(endpoint("10.0.0.1:80"), "answered", 1_000);
    now += 120_000;
    balancer.observe(endpoint("10.0.0.2:80"), "answered", 50);
    assert.deepEqual(new Set(picks(balancer, 20)), new Set(["10.0.0.1"]));
  });

  it("does not take a refusal for a fast answer", () => {
    let now = 0;
    const balancer = new Ewma({ random: fractions(4), now: () => now });
    balancer.update(endpoints(2));
    now += 20_000;
    balancer.observe(endpoint("10.0.0.2:80"), "answered", 20);
    balancer.observe(endpoint("10.0.0.1:80"), "answered", 40);
    now += 1;
    for (let i = 0; i < 20; i++) balancer.observe(endpoint("10.0.0.1:80"), "failed", 0);
    assert.equal(balancer.pick(exchange, [])!.address, "10.0.0.2");
  });

  it("draws in proportion to weights among endpoints that are equally fast", () => {
    const balancer = new Ewma({ random: fractions(6), now: () => 0 });
    balancer.update(endpoints(2).map((each, i) => ({ ...each, weight: i === 0 ? 3 : 1 })));
    const heavy = picks(balancer, 4_000).filter((address) => address === "10.0.0.1").length;
    assert.ok(heavy > 2_800 && heavy < 3_200, `${heavy} of 4000`);
  });

  it("gives the faster of two more than its weight, and not all", () => {
    let now = 0;
    const balancer = new Ewma({ random: fractions(7), now: () => now });
    balancer.update(endpoints(2).map((each, i) => ({ ...each, weight: i === 0 ? 3 : 1 })));
    now += 1_000;
    balancer.observe(endpoint("10.0.0.1:80"), "answered", 500);
    balancer.observe(endpoint("10.0.0.2:80"), "answered", 5);
    const light = picks(balancer, 4_000).filter((address) => address === "10.0.0.2").length;
    // unless both draws give the heavy one: 1 - 9/16
    assert.ok(light > 1_550 && light < 1_950, `${light} of 4000`);
  });

  it("starts a newcomer at the mean of those that are known", () => {
    let now = 0;
    const balancer = new Ewma({ random: fractions(5), now: () => now });
    balancer.update(endpoints(2));
    now += 20_000;
    balancer.observe(endpoint("10.0.0.1:80"), "answered", 10);
    balancer.observe(endpoint("10.0.0.2:80"), "answered", 1_000);
    balancer.update(endpoints(3));
    const seen = picks(balancer, 300);
    // between the two: chosen over the slow one, not over the fast one
    assert.ok(seen.includes("10.0.0.3") && !seen.includes("10.0.0.2"));
  });
});
