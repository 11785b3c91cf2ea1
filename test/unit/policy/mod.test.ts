import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { indexDeclarations } from "../../../src/policy/declarations.ts";
import { findAnnotation, findKnown, knownAnnotations, policies } from "../../../src/policy/mod.ts";

/** Ours beside those of ingress-nginx. */
const OWN = ["load-balancing-scheme", "real-ip-header", "service-name-header"];

const declared = policies.flatMap((policy) => policy.annotations.map((declaration) => ({ declaration, policy })));

describe("policies", () => {
  test("have names of their own", () => {
    assert.equal(new Set(policies.map(({ name }) => name)).size, policies.length);
  });

  test("declare annotations that ingress-nginx knows, with its risk, or our own", () => {
    for (const { declaration: { key, risk, guardsAccess } } of declared) {
      if (OWN.includes(key)) continue;
      const known = findKnown(key);
      assert.ok(known !== undefined, `${key} is known`);
      assert.equal(risk, known.risk, `risk of ${key}`);
      assert.equal(guardsAccess, known.guardsAccess, `${key} guards access`);
    }
  });

  test("are found by key and by former name", () => {
    assert.equal(findAnnotation("proxy-body-size")?.policy.name, "proxy-body-size");
    assert.equal(findAnnotation("whitelist-source-range")?.declaration.key, "allowlist-source-range");
    assert.equal(findAnnotation("no-such-thing"), undefined);
  });

  test("indexDeclarations() refuses a name that is declared twice", () => {
    const [policy] = policies.filter(({ annotations }) => annotations.length > 0);
    assert.throws(() => indexDeclarations([policy!, policy!]), /twice/);
  });

  test("run the HTTPS redirect last of the rewrite step, and the address lists after it", () => {
    const rewriting = policies.filter((policy) =>
      policy.scope === "location" && policy.phase === "rewrite" && policy.hooks
    );
    assert.equal(rewriting.at(-1)?.name, "ssl-redirect");
    assert.equal(policies.find(({ name }) => name === "source-range")?.phase, "access");
  });
});

describe("knownAnnotations", () => {
  test("are sorted, each once", () => {
    const keys = knownAnnotations.map(({ key }) => key);
    assert.deepEqual(keys, [...new Set(keys)].sort());
  });

  for (
    const key of [
      "auth-url",
      "auth-type",
      "auth-tls-secret",
      "allowlist-source-range",
      "limit-rps",
      "limit-connections",
      "satisfy",
    ]
  ) {
    test(`${key} guards access`, () => assert.equal(findKnown(key)?.guardsAccess, true));
  }

  test("values that ask for nothing are known", () => {
    assert.equal(findKnown("canary")?.inert?.includes("false"), true);
  });
});

describe("policies with shared hooks", () => {
  for (const { name, hooks, sharedHooks } of policies) {
    if (sharedHooks !== true) continue;
    test(`${name} makes its hooks of the policy alone`, () => assert.equal(hooks?.length, 1));
  }
});
