import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolve } from "../../../../src/proxy/balancer/mod.ts";

describe("resolve()", () => {
  for (const name of ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "::1", "192.0.2.1", ""]) {
    it(`refuses "${name}" without asking anybody`, async () => {
      assert.equal((await resolve(name)).kind, "none");
    });
  }
});
