import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EndpointCensus } from "../../../../src/proxy/balancer/mod.ts";
import { endpoint } from "../../../support/snapshot.ts";

const at = (...last: readonly number[]) => last.map((each) => endpoint(`10.0.0.${each}:80`));
const leavers = (census: EndpointCensus): string[] =>
  census.takeLeavers().map(({ address }) => address.slice("10.0.0.".length));

describe("EndpointCensus", () => {
  it("tells of endpoints that leave, once", () => {
    const census = new EndpointCensus();
    census.replace([], at(1, 2, 3));
    assert.deepEqual(leavers(census), []);
    census.replace(at(1, 2, 3), at(2, 4));
    assert.deepEqual(leavers(census), ["1", "3"]);
    assert.deepEqual(leavers(census), []);
  });

  it("does not tell of those that stay in another upstream", () => {
    const census = new EndpointCensus();
    census.replace([], at(1, 2));
    census.replace([], at(2, 3));
    census.replace(at(1, 2), []);
    assert.deepEqual(leavers(census), ["1"]);
    census.replace(at(2, 3), []);
    assert.deepEqual(leavers(census), ["2", "3"]);
  });

  it("does not tell of those that were only moved", () => {
    const census = new EndpointCensus();
    census.replace([], at(1, 2));
    census.replace(at(1, 2), []);
    census.replace([], at(2));
    assert.deepEqual(leavers(census), ["1"]);
  });
});
