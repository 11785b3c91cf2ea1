import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { redirect } from "../../../src/policy/redirect.ts";
import { type FakeExchange, fakeExchange, runRequest } from "../../support/exchange.ts";
import { parsePolicy } from "../../support/policy.ts";

function answered(
  annotations: Record<string, string>,
  exchange: FakeExchange = {},
  config: Record<string, string> = {},
) {
  const { policy } = parsePolicy(redirect, annotations, { config });
  return policy === undefined ? undefined : runRequest(redirect.hooks(policy), fakeExchange(exchange));
}

describe("redirect", () => {
  const rows: [name: string, annotations: Record<string, string>, status: number, location: string][] = [
    ["permanent-redirect is 301", { "permanent-redirect": "https://x.example/new" }, 301, "https://x.example/new"],
    [
      "permanent-redirect-code",
      { "permanent-redirect": "https://x.example", "permanent-redirect-code": "308" },
      308,
      "https://x.example",
    ],
    [
      "a permanent code that is no redirect",
      { "permanent-redirect": "https://x.example", "permanent-redirect-code": "404" },
      301,
      "https://x.example",
    ],
    ["temporal-redirect is 302", { "temporal-redirect": "https://x.example/t?a=b" }, 302, "https://x.example/t?a=b"],
    [
      "temporal-redirect-code",
      { "temporal-redirect": "https://x.example", "temporal-redirect-code": "307" },
      307,
      "https://x.example",
    ],
    [
      "a temporal code out of range",
      { "temporal-redirect": "https://x.example", "temporal-redirect-code": "308" },
      302,
      "https://x.example",
    ],
    [
      "temporal goes before permanent",
      { "temporal-redirect": "https://t.example", "permanent-redirect": "https://p.example" },
      302,
      "https://t.example",
    ],
    ["a path becomes an absolute URL", { "permanent-redirect": "/else" }, 301, "http://a.example/else"],
    [
      "a path stays with relative-redirects",
      { "permanent-redirect": "/else", "relative-redirects": "true" },
      301,
      "/else",
    ],
  ];
  for (const [name, annotations, status, location] of rows) {
    test(name, () => {
      const answer = answered(annotations, { authority: "A.example:8080", target: "/any?x=1" });
      assert.deepEqual(answer, { status, fields: [["Location", location]] });
    });
  }

  test("variables are expanded where annotations are not validated", () => {
    const run = (annotations: Record<string, string>, target: string) => {
      const { policy, findings } = parsePolicy(redirect, annotations, { validate: false });
      return { findings, answer: policy && runRequest(redirect.hooks(policy), fakeExchange({ target })) };
    };
    const { answer } = run({ "permanent-redirect": "https://new.example$request_uri" }, "/a?b=1");
    assert.deepEqual(answer?.fields, [["Location", "https://new.example/a?b=1"]]);
    const path = run({ "permanent-redirect": "/new$request_uri" }, "/a");
    assert.deepEqual(path.answer?.fields, [["Location", "http://a.example/new/a"]]);
    const temporal = run({ "temporal-redirect": "https://$host/t" }, "/");
    assert.deepEqual(temporal.answer?.fields, [["Location", "https://a.example/t"]]);
    const unknown = run({ "permanent-redirect": "https://x.example/$nowhere" }, "/");
    assert.match(unknown.findings.join(), /unknown variable "\$nowhere"/);
    const broken = run({ "permanent-redirect": "https://x.example/$" }, "/");
    assert.equal(broken.answer, undefined);
    assert.match(broken.findings.join(), /want a name or a digit after each \$/);
  });

  test("the port stands in absolute URLs when use-port-in-redirects says so", () => {
    const connection = { localPort: 8080 };
    const config = { "use-port-in-redirects": "true" };
    const [field] = answered({ "permanent-redirect": "/else" }, { connection }, config)!.fields!;
    assert.deepEqual(field, ["Location", "http://a.example:8080/else"]);
  });

  test("with a code that has no Location the URL is the body, as nginx's return has it", () => {
    const answer = answered({ "permanent-redirect": "https://x.example", "permanent-redirect-code": "300" });
    assert.deepEqual(answer, { status: 300, body: "https://x.example" });
  });

  test("a break in a snippet ends the step before it", () => {
    assert.equal(answered({ "permanent-redirect": "https://x.example" }, { rewriteEnded: true }), undefined);
    assert.equal(answered({ "permanent-redirect": "/x" }, { rewriteEnded: true }), undefined);
  });

  test("a temporal-redirect without http scheme ends the whole group", () => {
    const { policy, findings } = parsePolicy(redirect, {
      "temporal-redirect": "/somewhere",
      "permanent-redirect": "https://p.example",
    });
    assert.equal(policy, undefined);
    assert.deepEqual(findings, [
      'temporal-redirect: read temporal-redirect "/somewhere": want a URL that begins with http:// or https://',
    ]);
  });

  test("variables and other forbidden characters cost the Ingress", () => {
    const { invalid } = parsePolicy(redirect, { "permanent-redirect": "https://x.example/$request_uri" });
    assert.deepEqual(invalid, ["permanent-redirect: drop-ingress"]);
  });
});
