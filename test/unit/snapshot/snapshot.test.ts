import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  applyUpdate,
  diffSnapshots,
  equalData,
  redact,
  redactData,
  type Snapshot,
  sortedRecord,
} from "../../../src/snapshot/mod.ts";
import { fakeGlobals } from "../../support/policy.ts";
import { location, ofTest, upstream, virtualHost } from "../../support/snapshot.ts";

const globals = fakeGlobals();

function snapshot(rest: Partial<Snapshot> = {}): Snapshot {
  return {
    globals,
    listeners: {},
    tlsProfiles: {},
    virtualHosts: { _: virtualHost("_", []) },
    upstreams: {},
    certificates: {},
    ...rest,
  };
}

describe("equalData()", () => {
  const rows: readonly (readonly [string, unknown, unknown, boolean])[] = [
    ["order of keys", { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ["undefined and missing", { a: 1, b: undefined }, { a: 1 }, true],
    ["undefined and missing, the other way", { a: 1 }, { a: 1, b: undefined }, true],
    ["another key", { a: 1 }, { b: 1 }, false],
    ["undefined for another key", { a: undefined, b: 1 }, { a: 1, b: undefined }, false],
    ["nested", { a: [{ b: 1 }] }, { a: [{ b: 1 }] }, true],
    ["length", [1], [1, 2], false],
    ["array and object", [], {}, false],
    ["null and object", null, {}, false],
    ["inherited names", { toString: undefined }, {}, true],
  ];
  for (const [name, a, b, expected] of rows) {
    test(`${name}: ${expected}`, () => assert.equal(equalData(a, b), expected));
  }
});

test("sortedRecord() goes by code unit", () => {
  assert.deepEqual(Object.keys(sortedRecord([["b", 1], ["_", 1], ["*.a", 1], ["Z", 1]])), ["*.a", "Z", "_", "b"]);
});

describe("diffSnapshots() and applyUpdate()", () => {
  const a = virtualHost("a.example", [location("prefix /", "default-a-80")]);
  const b = virtualHost("b.example", []);
  const before = snapshot({
    virtualHosts: sortedRecord([["_", virtualHost("_", [])], ["a.example", a], ["b.example", b]]),
    upstreams: { "default-a-80": upstream("default-a-80", ["10.0.0.1:80"]) },
  });
  const after = snapshot({
    globals: fakeGlobals({ hsts: { enabled: false } }),
    virtualHosts: sortedRecord([["_", virtualHost("_", [])], ["a.example", { ...a }], ["aa.example", b]]),
    upstreams: { "default-a-80": upstream("default-a-80", ["10.0.0.2:80"]) },
  });

  test("name only what differs", () => {
    const update = diffSnapshots(before, after);
    assert.deepEqual(update.virtualHosts, { set: [b], remove: ["b.example"] });
    assert.deepEqual(update.upstreams.set.map(({ name }) => name), ["default-a-80"]);
    assert.equal(update.globals, after.globals);
  });
  test("lead from the one to the other, also from nothing", () => {
    for (const former of [before, null]) {
      const update = JSON.parse(JSON.stringify(diffSnapshots(former, before)));
      assert.deepEqual(applyUpdate(former, update), before);
    }
    const hosts: Snapshot["virtualHosts"] = { ...after.virtualHosts, "aa.example": { ...b, name: "aa.example" } };
    const named = { ...after, virtualHosts: hosts };
    const result = applyUpdate(before, diffSnapshots(before, named));
    assert.deepEqual(result, named);
    assert.deepEqual(Object.keys(result.virtualHosts), ["_", "a.example", "aa.example"]);
    assert.equal(result.virtualHosts["a.example"], a);
  });
  test("say nothing when nothing changes", () => {
    const nothing = { set: [], remove: [] };
    assert.deepEqual(diffSnapshots(before, structuredClone(before)), {
      listeners: nothing,
      tlsProfiles: nothing,
      virtualHosts: nothing,
      upstreams: nothing,
      certificates: nothing,
    });
    assert.equal(applyUpdate(before, diffSnapshots(before, before)).virtualHosts, before.virtualHosts);
  });
  test("want globals first", () => {
    const { globals: _, ...update } = diffSnapshots(null, before);
    assert.throws(() => applyUpdate(null, update), TypeError);
  });
});

describe("redact()", () => {
  test("shows no private key and no credentials, and takes no name of an object for one", () => {
    const shown = redact(snapshot({
      virtualHosts: {
        "private.example": virtualHost("private.example", [
          location("prefix /", undefined, {
            policies: ofTest({ "auth-basic": { users: { foo: "hash" }, realm: "r" } }),
          }),
        ]),
      },
      certificates: {
        "default/secret-token": {
          id: "default/secret-token",
          certificatePem: "PUBLIC",
          privateKeyPem: "PRIVATE",
          sha1: "",
          names: [],
          notAfterMs: 0,
        },
      },
    }));
    const text = JSON.stringify(shown);
    assert.ok(!text.includes("PRIVATE") && !text.includes("hash"));
    assert.equal(shown.certificates["default/secret-token"]?.certificatePem, "PUBLIC");
    assert.equal(shown.virtualHosts["private.example"]?.locations.length, 1);
  });
  test("leaves empty values as they are", () => {
    assert.deepEqual(redactData({ password: "", secretKey: null, passwordFile: "x" }), {
      password: "",
      secretKey: null,
      passwordFile: "<redacted>",
    });
  });
});
