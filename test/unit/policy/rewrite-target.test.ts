import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rewrites, rewriteTarget } from "../../../src/policy/rewrite-target.ts";
import { fakeExchange, fieldOf, runRequest } from "../../support/exchange.ts";
import { fakeScope, parsePolicy } from "../../support/policy.ts";

/** What the upstream gets of `target`, or `undefined` when nothing was rewritten. */
function rewritten(path: string, to: string, target: string): string | undefined {
  const hooks = rewriteTarget.hooks({ target: to }, fakeScope({ path, regexMode: true }));
  const exchange = fakeExchange({ target });
  assert.equal(runRequest(hooks, exchange), undefined);
  if (!exchange.rewritten) return undefined;
  return exchange.query === undefined ? exchange.path : `${exchange.path}?${exchange.query}`;
}

describe("rewrite-target", () => {
  const rows: [name: string, path: string, to: string, target: string, want: string | undefined][] = [
    ["puts the first group in place of $1", "/foo/(.*)", "/$1", "/foo/a/b", "/a/b"],
    ["takes the whole path away without groups", "/", "/new", "/x/y", "/new"],
    ["reorders groups", "/u/([0-9]+)/p/([a-z]+)", "/p/$2/by/$1", "/u/42/p/hello", "/p/hello/by/42"],
    ["knows nine groups", "/(.)(.)(.)(.)(.)(.)(.)(.)(.)", "/$9$8$7$6$5$4$3$2$1", "/abcdefghi", "/ihgfedcba"],
    ["leaves a group that is not there empty", "/two/(.*)", "/$2", "/two/x", "/"],
    ["leaves a group that took no part empty", "/a(/|$)(.*)", "/$2", "/a", "/"],
    ["keeps the case of what was captured", "/Foo/(.*)", "/$1", "/fOO/bAR", "/bAR"],
    ["keeps the query as it is", "/foo/(.*)", "/$1", "/foo/bar?x=1&y=2%203", "/bar?x=1&y=2%203"],
    ["keeps the query of a target without groups", "/any", "/app", "/any/thing?a=b", "/app?a=b"],
    ["leaves a path alone that does not match", "/foo/(.*)", "/$1", "/bar", undefined],
    ["matches anywhere in the path", "/foo", "/bar", "/x/foo", "/bar"],
    ["works on the decoded path", "/rw/(.*)", "/new/$1", "/rw/a%20b", "/new/a b"],
    ["puts a slash before a target without one", "/foo/(.*)", "$1", "/foo/bar", "/bar"],
    ["makes / of a target that comes out empty", "/foo(.*)", "$1", "/foo", "/"],
    ["appends the query to that of the target", "/foo/(.*)", "/app?x=$1", "/foo/bar?y=2", "/app?x=bar&y=2"],
    ["takes the query of the target alone", "/foo/(.*)", "/app?x=$1", "/foo/bar", "/app?x=bar"],
    ["escapes captures in the query", "/foo/(.*)", "/app?x=$1", "/foo/a%26b%20c", "/app?x=a%26b%20c"],
    ["drops the query with ? at the end", "/foo/(.*)", "/app/$1?", "/foo/bar?y=2", "/app/bar"],
    ["takes its own query only with ? at both places", "/foo/(.*)", "/app?x=$1?", "/foo/bar?y=2", "/app?x=bar"],
    ["takes named groups as variables", "/n/(?<id>[0-9]+)", "/by/$id", "/n/17", "/by/17"],
  ];
  for (const [name, path, to, target, want] of rows) {
    test(name, () => assert.equal(rewritten(path, to, target), want));
  }

  test("does nothing where the target is the path", () => {
    assert.equal(rewriteTarget.hooks({ target: "/foo/" }, fakeScope({ path: "/foo/" })), undefined);
    assert.equal(rewrites({ target: "/foo" }, "/foo"), false);
    assert.equal(rewrites({ target: "/foo" }, "/bar"), true);
    assert.equal(rewrites(undefined, "/bar"), false);
  });

  test("redirects to a target with a scheme, with groups and query", () => {
    const hooks = rewriteTarget.hooks({ target: "https://b.example/$1" }, fakeScope({ path: "/foo/(.*)" }));
    const answer = runRequest(hooks, fakeExchange({ target: "/foo/bar?x=1" }));
    assert.equal(answer?.status, 302);
    assert.equal(fieldOf(answer, "location"), "https://b.example/bar?x=1");
    assert.equal(runRequest(hooks, fakeExchange({ target: "/other" })), undefined);
  });

  test("a redirect escapes what nginx leaves escaped, and nothing else", () => {
    const hooks = rewriteTarget.hooks({ target: "https://b.example/$1" }, fakeScope({ path: "/r/(.*)" }));
    const of = (target: string): string | undefined => {
      const path = decodeURIComponent(target);
      return fieldOf(runRequest(hooks, fakeExchange({ target, path })), "location");
    };
    assert.equal(of("/r/%20%22%23%25%7F"), "https://b.example/%20%22%23%25%7F");
    assert.equal(of("/r/%26%2B%3B%3C%3E%5C%5E%60%7B%7C%7D%41"), "https://b.example/&+;<>\\^`{|}A");
    assert.equal(of("/r/a%3Fb%26c"), "https://b.example/a?b%26c", "nothing is decoded behind a question mark");
    assert.equal(of("/r/%253F_%2541"), "https://b.example/%253F_%2541");
  });

  test("captures in a query are escaped as nginx 1.21.1 and later do", () => {
    assert.equal(
      rewritten("/q/(.*)", "/x?y=$1", "/q/%22%23%25%26%2B%3B%3C%3E%3F%5C%5E%60%7B%7C%7D%21"),
      "/x?y=%22%23%25%26%2B%3B%3C%3E%3F%5C%5E%60%7B%7C%7D!",
    );
  });

  test("works on the path that a Prefix path is served by", () => {
    const hooks = rewriteTarget.hooks({ target: "/foo" }, { ...fakeScope({ path: "/foo" }), matchPath: "/foo/" });
    const exchange = fakeExchange({ target: "/foo/bar" });
    runRequest(hooks, exchange);
    assert.equal(exchange.path, "/foo");
  });

  test("a redirect cannot be broken by a decoded line end", () => {
    const hooks = rewriteTarget.hooks({ target: "https://b.example/$1" }, fakeScope({ path: "/foo/((?:.|\n)*)" }));
    const answer = runRequest(hooks, fakeExchange({ target: "/foo/a%0d%0aX-Y:1" }));
    assert.equal(fieldOf(answer, "location"), "https://b.example/a%0D%0AX-Y:1");
  });

  test("a break in a snippet ends the step before it", () => {
    const hooks = rewriteTarget.hooks({ target: "/new" }, fakeScope());
    const exchange = fakeExchange({ target: "/x", rewriteEnded: true });
    runRequest(hooks, exchange);
    assert.equal(exchange.path, "/x");
  });

  test("a path that backtracking would hang on takes no noticeable time", () => {
    const hooks = rewriteTarget.hooks({ target: "/$1" }, fakeScope({ path: "/((a+)+)$" }));
    const exchange = fakeExchange({ target: `/${"a".repeat(5000)}!` });
    runRequest(hooks, exchange);
    assert.equal(exchange.rewritten, false);
  });

  test("a value with ? is not valid and counts as not given", () => {
    const { policy, invalid } = parsePolicy(rewriteTarget, { "rewrite-target": "/app?x=$1" });
    assert.equal(policy, undefined);
    assert.deepEqual(invalid, ["rewrite-target: ignore"]);
    assert.deepEqual(
      parsePolicy(rewriteTarget, { "rewrite-target": "/app?x=$1" }, { validate: false }).policy,
      { target: "/app?x=$1" },
    );
  });
});
