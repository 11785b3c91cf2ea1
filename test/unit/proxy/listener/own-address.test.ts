import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arrivesAt } from "../../../../src/proxy/listener/own-address.ts";

describe("arrivesAt()", () => {
  const rows: readonly (readonly [address: string, listened: string, arrives: boolean])[] = [
    ["127.0.0.1", "127.0.0.1", true],
    ["::ffff:127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "0.0.0.0", true],
    ["127.9.9.9", "::", true],
    ["::1", "::", true],
    ["0.0.0.0", "127.0.0.1", true],
    ["::", "0.0.0.0", true],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "0.0.0.0", false],
    ["127.0.0.1", "192.0.2.1", false],
    ["192.0.2.1", "127.0.0.1", false],
    ["0.0.0.0", "192.0.2.1", false],
  ];
  for (const [address, listened, arrives] of rows) {
    it(`${address} ${arrives ? "arrives" : "does not arrive"} at ${listened}`, () => {
      assert.equal(arrivesAt(address, listened), arrives);
    });
  }
});
