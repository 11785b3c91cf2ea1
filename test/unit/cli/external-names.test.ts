import assert from "node:assert/strict";
import { test } from "node:test";
import { findUnresolvedNames } from "../../../src/cli/external-names.ts";
import { createCompiler } from "../../../src/compiler/mod.ts";
import { Store } from "../../../src/kube/mod.ts";
import type { Resolution } from "../../../src/proxy/mod.ts";
import { compilerOptions, ingress, service } from "../../support/compiler.ts";

const ANSWERS: Readonly<Record<string, Resolution>> = {
  "found.example": { kind: "found", addresses: ["192.0.2.1"], ttlMs: 1 },
  "none.example": { kind: "none", ttlMs: 1 },
  "failed.example": { kind: "failed", message: "no answer in time", ttlMs: 1 },
};

test("findUnresolvedNames() asks for each name once, and tells of each Service once", async () => {
  const store = new Store();
  const external = (name: string, externalName: string) =>
    service(name, ["80", "81"], { type: "ExternalName", externalName });
  store.apply({
    put: [
      external("a", "found.example"),
      external("b", "none.example"),
      external("c", "failed.example"),
      external("d", "none.example"),
      external("unused", "none.example"),
      ingress("app", { "a.example": { "/a": "a", "/b": "b:80", "/b2": "b:81", "/c": "c", "/d": "d" } }),
    ],
    remove: [],
  });
  const { snapshot } = createCompiler(compilerOptions({})).compile(store, []);
  const asked: string[] = [];
  const found = await findUnresolvedNames(snapshot, store, (name) => {
    asked.push(name);
    return Promise.resolve(ANSWERS[name]!);
  });
  assert.deepEqual(asked.sort(), ["failed.example", "found.example", "none.example"]);
  assert.deepEqual(found.map(({ object, message, unserved }) => [object?.name, message, unserved]), [
    ["b", 'look up externalName "none.example" of Service "default/b": it has no address that may be used', true],
    ["c", 'look up externalName "failed.example" of Service "default/c": no answer in time', true],
    ["d", 'look up externalName "none.example" of Service "default/d": it has no address that may be used', true],
  ]);
});
