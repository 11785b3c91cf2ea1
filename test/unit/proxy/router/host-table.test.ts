import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePattern } from "../../../../src/nginx/mod.ts";
import { HostTable } from "../../../../src/proxy/router/mod.ts";
import type { HostName, Pattern } from "../../../../src/snapshot/snapshot.ts";

function pattern(text: string): Pattern {
  const result = compilePattern(text, { caseInsensitive: true });
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result.pattern;
}

const exact = (name: string): HostName => ({ kind: "exact", name });
const leading = (suffix: string): HostName => ({ kind: "leading-wildcard", suffix });
const trailing = (prefix: string): HostName => ({ kind: "trailing-wildcard", prefix });
const regex = (text: string): HostName => ({ kind: "regex", pattern: pattern(text) });

/** Hosts by name, each with itself as value. */
function tableOf(hosts: Readonly<Record<string, readonly HostName[]>>): HostTable<string> {
  const table = new HostTable<string>();
  table.change([["_", [], "_"], ...Object.entries(hosts).map(([host, names]) => [host, names, host] as const)], []);
  return table;
}

describe("HostTable", () => {
  const table = tableOf({
    "a.example": [exact("a.example"), exact("alias.example")],
    "*.w.example": [regex("^(?<subdomain>[\\w-]+)\\.w\\.example$")],
    "l.example": [exact("l.example"), leading(".l.example"), leading(".deep.l.example")],
    "t.example": [exact("t.example"), trailing("www.t.")],
    "deeper.example": [leading(".very.deep.l.example")],
    "x.example": [regex("^num[0-9]+\\.")],
  });
  const rows: readonly (readonly [name: string, authority: string, host: string])[] = [
    ["an exact name", "a.example", "a.example"],
    ["an alias", "alias.example", "a.example"],
    ["upper case", "A.eXample", "a.example"],
    ["a port", "a.example:8080", "a.example"],
    ["a trailing dot", "a.example.", "a.example"],
    ["a trailing dot and a port", "a.example.:80", "a.example"],
    ["an unknown name", "b.example", "_"],
    ["no name", "", "_"],
    ["an IPv6 literal with a port", "[::1]:80", "_"],
    ["a wildcard host, one label", "one.w.example", "*.w.example"],
    ["a wildcard host, two labels", "one.two.w.example", "_"],
    ["a wildcard host, no label", "w.example", "_"],
    ["a leading wildcard, one label", "x.l.example", "l.example"],
    ["a leading wildcard, several labels", "x.y.z.l.example", "l.example"],
    ["the longest leading wildcard", "x.very.deep.l.example", "deeper.example"],
    ["a leading wildcard without label", "l.example", "l.example"],
    ["a trailing wildcard", "www.t.org", "t.example"],
    ["a regex", "num7.other", "x.example"],
    ["a regex that does not match", "num.other", "_"],
  ];
  for (const [name, authority, host] of rows) {
    it(`finds ${name}`, () => {
      assert.equal(table.match(authority)?.value, host);
      // a second time, from what it remembers
      assert.equal(table.match(authority)?.value, host);
    });
  }

  it("hands out named groups of the regex that matched", () => {
    assert.deepEqual(table.match("One.w.example")?.groups, [["subdomain", "one"]]);
    assert.equal(table.match("a.example")?.groups, null);
  });

  it("lets the first host in order of names win among regexes that overlap", () => {
    const overlapping = tableOf({ "b.example": [regex("^x")], "*.example": [regex("^[\\w-]+\\.example$")] });
    assert.equal(overlapping.match("x.example")?.value, "*.example");
  });

  it("keeps a name with the host that had it first", () => {
    const twice = tableOf({ "a.example": [exact("shared.example")], "b.example": [exact("shared.example")] });
    assert.equal(twice.match("shared.example")?.value, "a.example");
  });

  it("forgets removed hosts and takes in changed ones, remembered answers included", () => {
    const changing = tableOf({ "a.example": [exact("a.example")], "*.w": [regex("^[\\w-]+\\.w$")] });
    assert.equal(changing.match("b.example")?.value, "_");
    assert.equal(changing.match("q.w")?.value, "*.w");
    changing.change([["b.example", [exact("b.example")], "b2"]], ["a.example", "*.w"]);
    assert.equal(changing.match("b.example")?.value, "b2");
    assert.equal(changing.match("a.example")?.value, "_");
    assert.equal(changing.match("q.w")?.value, "_");
    assert.equal(changing.get("b.example"), "b2");
  });

  it("moves an alias from one host to another within one change", () => {
    const moving = tableOf({ "a.example": [exact("s.example")], "b.example": [] });
    moving.change([["b.example", [exact("s.example")], "b"], ["a.example", [], "a"]], []);
    assert.equal(moving.match("s.example")?.value, "b");
  });

  it("stays right however many unknown hosts are asked for", () => {
    const table = tableOf({ "*.w": [regex("^[\\w-]+\\.w$")] });
    for (let i = 0; i < 5000; i++) assert.equal(table.match(`h${i}.other`)?.value, "_");
    for (let i = 0; i < 5000; i++) assert.equal(table.match(`h${i}.w`)?.value, "*.w");
  });

  it("has nothing before the first change", () => {
    assert.equal(new HostTable<string>().match("a.example"), undefined);
  });
});
