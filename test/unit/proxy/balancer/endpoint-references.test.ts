import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EndpointReferences } from "../../../../src/proxy/balancer/mod.ts";
import { endpoint } from "../../../support/snapshot.ts";

const at = (...last: readonly number[]) => last.map((each) => endpoint(`10.0.0.${each}:80`));
const unreferenced = (references: EndpointReferences): string[] =>
  references.takeUnreferenced().map(({ address }) => address.slice("10.0.0.".length));

describe("EndpointReferences", () => {
  it("tells of endpoints that leave, once", () => {
    const references = new EndpointReferences();
    references.replace([], at(1, 2, 3));
    assert.deepEqual(unreferenced(references), []);
    references.replace(at(1, 2, 3), at(2, 4));
    assert.deepEqual(unreferenced(references), ["1", "3"]);
    assert.deepEqual(unreferenced(references), []);
  });

  it("does not tell of those that stay in another upstream", () => {
    const references = new EndpointReferences();
    references.replace([], at(1, 2));
    references.replace([], at(2, 3));
    references.replace(at(1, 2), []);
    assert.deepEqual(unreferenced(references), ["1"]);
    references.replace(at(2, 3), []);
    assert.deepEqual(unreferenced(references), ["2", "3"]);
  });

  it("does not tell of those that were only moved", () => {
    const references = new EndpointReferences();
    references.replace([], at(1, 2));
    references.replace(at(1, 2), []);
    references.replace([], at(2));
    assert.deepEqual(unreferenced(references), ["1"]);
  });
});
