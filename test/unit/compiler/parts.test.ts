import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DiagnosticIndex } from "../../../src/compiler/diagnostic-index.ts";
import { parseLabelSelector } from "../../../src/compiler/ingress/namespace-selector.ts";
import { compareRoutes } from "../../../src/compiler/route/contribution.ts";
import { UpstreamNames } from "../../../src/compiler/route/upstream-id.ts";
import type { Diagnostic } from "../../../src/diagnostic.ts";

test("compareRoutes() puts the oldest first, of one age the greater name, and of one name the lesser id", () => {
  const route = (id: string, createdMs: number, name: string) => ({ id, rank: { createdMs, name } });
  const list = [route("1", 2, "a/x"), route("2", 1, "a/y"), route("4", 1, "b/x"), route("3", 1, "b/x")];
  assert.deepEqual(list.sort(compareRoutes).map(({ id }) => id), ["3", "4", "2", "1"]);
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
  const { all, added, removed } = index.settle();
  assert.deepEqual(all.map(({ field }) => field), ["paths[1]", "paths[9]", "paths[10]"]);
  assert.deepEqual(added.map(({ field }) => field), ["paths[1]"]);
  assert.deepEqual(removed, []);
  index.replace("two", []);
  index.replace("two", [finding("paths[9]")]);
  assert.deepEqual(index.settle().added, []);
  index.replace("one", [finding("paths[2]")]);
  assert.deepEqual(index.settle().removed.map(({ field }) => field), ["paths[1]", "paths[10]"]);
});
