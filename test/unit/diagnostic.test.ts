import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatObject, formatSource, type SourceRef } from "../../src/diagnostic.ts";

describe("formatSource()", () => {
  const object = { kind: "Ingress", namespace: "team", name: "web" };
  const rows: readonly (readonly [name: string, source: SourceRef, text: string])[] = [
    ["a whole file", { kind: "file", file: "a.yaml" }, "a.yaml"],
    ["a line", { kind: "file", file: "a.yaml", line: 3 }, "a.yaml:3"],
    ["a column", { kind: "file", file: "a.yaml", line: 3, column: 7 }, "a.yaml:3:7"],
    [
      "an object of a cluster",
      { kind: "api", cluster: "admin@prod", object, resourceVersion: "4711" },
      'cluster "admin@prod", Ingress/team/web, resourceVersion 4711',
    ],
    ["an object in memory", { kind: "memory", name: "tests" }, 'memory "tests"'],
  ];
  for (const [name, source, text] of rows) {
    test(`names ${name}`, () => assert.equal(formatSource(source), text));
  }
});

test("formatObject() leaves out the namespace of a cluster-wide kind", () => {
  assert.equal(formatObject({ kind: "IngressClass", namespace: "", name: "nginx" }), "IngressClass/nginx");
  assert.equal(formatObject({ kind: "Secret", namespace: "a", name: "b" }), "Secret/a/b");
});
