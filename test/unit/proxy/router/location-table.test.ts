import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePattern, toBytes } from "../../../../src/nginx/mod.ts";
import { type LocationRule, LocationTable, PrefixTable } from "../../../../src/proxy/router/mod.ts";
import { random } from "../../../support/random.ts";

function regex(text: string): LocationRule {
  const result = compilePattern(toBytes(text), { caseInsensitive: true, bytes: true });
  if (!result.ok) throw new Error(JSON.stringify(result));
  return { kind: "regex", pattern: result.pattern };
}
const exact = (path: string): LocationRule => ({ kind: "exact", path });
const prefix = (path: string): LocationRule => ({ kind: "prefix", path });
const final = (path: string): LocationRule => ({ kind: "prefix", path, final: true });

/** A table in which every rule's value is its place in the list. */
function tableOf(rules: readonly LocationRule[]): LocationTable<number> {
  return new LocationTable(rules.map((rule, i) => [rule, i] as const));
}

describe("LocationTable", () => {
  const cases:
    readonly (readonly [name: string, rules: readonly LocationRule[], path: string, want: number | undefined])[] = [
      ["an exact path", [prefix("/"), exact("/foo"), prefix("/foo/")], "/foo", 1],
      ["a path below", [prefix("/"), exact("/foo"), prefix("/foo/")], "/foo/x", 2],
      ["a path that only begins alike", [prefix("/"), exact("/foo"), prefix("/foo/")], "/foobar", 0],
      ["the longest prefix, whatever the order", [prefix("/"), prefix("/a/"), prefix("/a/b/")], "/a/b/c", 2],
      ["a shorter prefix when the longer ends elsewhere", [prefix("/"), prefix("/a/"), prefix("/a/b/")], "/a/bb", 1],
      ["nothing without a root", [prefix("/a/")], "/b", undefined],
      ["letters as they are", [prefix("/"), exact("/foo")], "/FOO", 0],
      ["the first of equal rules", [prefix("/"), prefix("/"), exact("/x"), exact("/x")], "/x", 2],
      ["a regex before a prefix", [prefix("/"), prefix("/a/"), regex("^/a/[0-9]+$")], "/a/7", 2],
      ["a final prefix before a regex", [prefix("/"), final("/a/"), regex("^/a/")], "/a/7", 1],
      ["a longer plain prefix frees the regexes again", [final("/a/"), prefix("/a/b/"), regex("^/a/")], "/a/b/c", 2],
      ["an exact path before a regex", [exact("/a"), regex("^/a")], "/a", 0],
      ["the first regex in order, not the longest match", [regex("^/a/bc"), regex("^/a/bcd")], "/a/bcd", 0],
      ["the prefix when no regex matches", [prefix("/"), regex("^/x")], "/y", 0],
      ["a regex without regard to case", [regex("^/Foo")], "/fOO/x", 0],
    ];
  for (const [name, rules, path, want] of cases) {
    it(`finds ${name}`, () => assert.equal(tableOf(rules).find(path)?.value, want));
  }

  it("matches bytes, as nginx does", () => {
    const table = tableOf([regex("^/(caf..)$"), regex("^/\u00c9"), prefix("/")]);
    assert.deepEqual([...table.find("/caf\u00e9")!.captures!], ["/caf\u00c3\u00a9", "caf\u00c3\u00a9"]);
    assert.equal(table.find("/caf\u00e9s")!.value, 2);
    assert.equal(table.find("/\u00c9t\u00e9")!.value, 1);
    // letters beyond ASCII have no cases
    assert.equal(table.find("/\u00e9t\u00e9")!.value, 2);
    assert.equal(table.find("/caf\udcff\udcfe")!.value, 0);
  });

  it("hands out captures and the numbers of named groups", () => {
    const hit = tableOf([regex("^/u/(?<user>\\w+)/(.*)")]).find("/u/ann/x/y");
    assert.deepEqual([...hit!.captures!], ["/u/ann/x/y", "ann", "x/y"]);
    assert.deepEqual([...hit!.groups!], [["user", 1]]);
    assert.equal(tableOf([prefix("/")]).find("/")!.captures, null);
  });
});

describe("PrefixTable.longest()", () => {
  it("finds what a scan of all prefixes finds", () => {
    const next = random(7);
    const word = (length: number): string =>
      Array.from({ length: next(length) }, () => next.of(["a", "b", "/"])).join("");
    for (let round = 0; round < 200; round++) {
      const prefixes = Array.from({ length: next(12) }, () => `/${word(6)}`);
      const table = new PrefixTable(prefixes.map((each) => [each, each] as const));
      for (let i = 0; i < 20; i++) {
        const path = `/${word(9)}`;
        const want = prefixes.filter((each) => path.startsWith(each)).sort((a, b) => b.length - a.length)[0];
        assert.equal(table.longest(path), want, `${path} among ${prefixes}`);
      }
    }
  });

  it("does not slow down with thousands of prefixes", () => {
    const table = new PrefixTable(Array.from({ length: 5000 }, (_, i) => [`/service/${i}/`, i] as const));
    for (let i = 0; i < 5000; i++) assert.equal(table.longest(`/service/${i}/x`), i);
    assert.equal(table.longest("/service/5000/x"), undefined);
  });
});
