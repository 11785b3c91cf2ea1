import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DiagnosticIndex } from "../../../src/compiler/diagnostic-index.ts";
import { parseLabelSelector } from "../../../src/compiler/namespace-selector.ts";
import { compareIngresses, nameOf } from "../../../src/compiler/order.ts";
import { UpstreamNames } from "../../../src/compiler/upstream-id.ts";
import type { Diagnostic } from "../../../src/diagnostic.ts";
import { ingress } from "../../support/compiler.ts";

test("compareIngresses() puts the oldest first, and of one age the greater name", () => {
  const list = [
    ingress("a/x", {}, { createdMs: 2 }),
    ingress("a/y", {}, { createdMs: 1 }),
    ingress("b/x", {}, { createdMs: 1 }),
  ];
  assert.deepEqual(list.sort(compareIngresses).map(nameOf), ["b/x", "a/y", "a/x"]);
});

describe("parseLabelSelector()", () => {
  const labels = { env: "prod", team: "a" };
  const rows: readonly (readonly [string, boolean | undefined])[] = [
    ["", true],
    ["env=prod", true],
    ["env==prod, team!=b", true],
    ["env!=prod", false],
    ["missing!=x", true],
    ["missing=x", false],
    ["env in (dev, prod)", true],
    ["env notin (dev,prod)", false],
    ["missing notin (x)", true],
    ["team", true],
    ["!team", false],
    ["!missing,env=prod", true],
    ["env=", false],
    ["=x", undefined],
    ["env in prod", undefined],
    ["a,,b", undefined],
    ["constructor", false],
  ];
  for (const [text, expected] of rows) {
    test(`"${text}" is ${expected}`, () => assert.equal(parseLabelSelector(text)?.(labels), expected));
  }
});

test("UpstreamNames keeps ids apart that would have one name, in whatever order they come", () => {
  const names = new UpstreamNames();
  assert.deepEqual(names.add("a/b-c/80"), []);
  assert.equal(names.nameOf("a/b-c/80"), "a-b-c-80");
  assert.deepEqual(names.add("a-b/c/80"), ["a/b-c/80"]);
  assert.equal(names.nameOf("a/b-c/80"), "a/b-c/80");
  assert.equal(names.nameOf("a-b/c/80"), "a-b-c-80");
  assert.deepEqual(names.remove("a-b/c/80"), ["a/b-c/80"]);
  assert.equal(names.nameOf("a/b-c/80"), "a-b-c-80");
  assert.deepEqual(names.remove("a/b-c/80"), []);
});

test("DiagnosticIndex keeps order, counts what two say as one, and tells what is new", () => {
  const index = new DiagnosticIndex();
  const finding = (field: string): Diagnostic => ({ reason: "R", severity: "info", field, message: "m" });
  index.replace("one", [finding("paths[10]"), finding("paths[9]")]);
  index.replace("two", [finding("paths[9]")]);
  assert.deepEqual(index.settle().all.map(({ field }) => field), ["paths[9]", "paths[10]"]);
  index.replace("one", [finding("paths[1]"), finding("paths[10]")]);
  const { all, added } = index.settle();
  assert.deepEqual(all.map(({ field }) => field), ["paths[1]", "paths[9]", "paths[10]"]);
  assert.deepEqual(added.map(({ field }) => field), ["paths[1]"]);
  index.replace("two", []);
  index.replace("two", [finding("paths[9]")]);
  assert.deepEqual(index.settle().added, []);
});
