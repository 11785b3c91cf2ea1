import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePattern } from "../../../../src/nginx/mod.ts";
import { UpstreamGroup } from "../../../../src/proxy/balancer/mod.ts";
import { BackendChoice } from "../../../../src/proxy/pipeline/backend-choice.ts";
import type { BackendCondition, BackendSet, ValueMatch } from "../../../../src/snapshot/snapshot.ts";
import { fakeExchange } from "../../../support/exchange.ts";
import { backend, backends } from "../../../support/snapshot.ts";

const logger = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };
const FACTS = {
  namespace: "d",
  ingressName: "ing",
  serviceName: "old",
  servicePort: "80",
  path: "/",
  upstreamName: "old",
  alternativeUpstreamName: "",
};

function choiceOf(set: BackendSet, random: () => number = () => 0): BackendChoice {
  return new BackendChoice(set, FACTS, (name) => new UpstreamGroup(name, logger), random);
}

function chosen(choice: BackendChoice, headers: Record<string, string | readonly string[]> = {}): string {
  return choice.choose(fakeExchange({ headers })).group.name;
}

const header = (name: string, match: string | ValueMatch): BackendCondition => ({
  kind: "header",
  name,
  match: typeof match === "string" ? { kind: "exact", value: match } : match,
});
const cookie = (name: string, value: string): BackendCondition => ({ kind: "cookie", name, value });
const pattern = (text: string): ValueMatch => {
  const result = compilePattern(text, { caseInsensitive: false, bytes: true });
  assert.ok(result.ok);
  return { kind: "pattern", pattern: result.pattern };
};

/** Requests go to `new` by the conditions, and to `old` else. */
function withRules(...rules: readonly (readonly [when: BackendCondition, to: string])[]): BackendChoice {
  const conditional = rules.map(([when, to]) => ({ ...backend(to), when }));
  return choiceOf(backends([["old", 100], ["new", 0]], { conditional }));
}

describe("BackendChoice", () => {
  it("takes the first condition that holds, with always and never for one header", () => {
    const choice = withRules([header("X-Canary", "always"), "new"], [header("X-Canary", "never"), "old"], [
      cookie("canary", "always"),
      "new",
    ]);
    assert.equal(chosen(choice), "old");
    assert.equal(chosen(choice, { "x-canary": "always" }), "new");
    assert.equal(chosen(choice, { "x-canary": "Always" }), "old");
    assert.equal(chosen(choice, { "x-canary": "perhaps", "cookie": "canary=always" }), "new");
    assert.equal(chosen(choice, { "x-canary": "never", "cookie": "canary=always" }), "old");
    assert.equal(chosen(choice, { "x-canary": ["always", "always"] }), "old", "two lines are one value");
  });

  it("compares values of headers whole, and names without regard to case and to - and _", () => {
    const choice = withRules([header("X_Who", "me"), "new"]);
    assert.equal(chosen(choice, { "X-WHO": "me" }), "new");
    assert.equal(chosen(choice, { "x-who": "me too" }), "old");
  });

  it("matches expressions anywhere in a header that is there", () => {
    const choice = withRules([header("X-Who", pattern("b.b|^$")), "new"]);
    assert.equal(chosen(choice, { "x-who": "bob" }), "new");
    assert.equal(chosen(choice, { "x-who": "alice, bob" }), "new");
    assert.equal(chosen(choice, { "x-who": "Bob" }), "old");
    assert.equal(chosen(choice, { "x-who": "" }), "new");
    assert.equal(chosen(choice), "old");
  });

  it("looks for cookies as nginx does", () => {
    const choice = withRules([cookie("Canary", "always"), "new"]);
    assert.equal(chosen(choice, { cookie: "a=b; CANARY=always; c=d" }), "new");
    assert.equal(chosen(choice, { cookie: ["a=b", "canary=always"] }), "new");
    assert.equal(chosen(choice, { cookie: "xcanary=always" }), "old");
    assert.equal(chosen(choice, { cookie: "canary=never; canary=always" }), "old", "the first counts");
  });

  it("draws by weight", () => {
    const drawn = (weights: readonly (readonly [string, number])[], random: number): string =>
      chosen(choiceOf(backends(weights), () => random));
    assert.equal(drawn([["old", 70], ["new", 30]], 0.6999), "old");
    assert.equal(drawn([["old", 70], ["new", 30]], 0.7001), "new");
    for (const random of [0, 0.5, 0.9999999999999999]) {
      assert.equal(drawn([["old", 100], ["new", 0]], random), "old");
      assert.equal(drawn([["old", 0], ["new", 100]], random), "new");
      assert.equal(drawn([["old", 0], ["new", 0]], random), "old", "no weight at all");
    }
    assert.equal(drawn([["old", 999], ["new", 1]], 0.9991), "new", "any total");
    assert.equal(drawn([["a", 1], ["b", 1], ["c", 2]], 0.4), "b");
  });

  it("tells facts of the location, with the name of an upstream that is not its first", () => {
    const choice = withRules([header("x", "1"), "new"]);
    assert.equal(choice.choose(fakeExchange()).facts, FACTS);
    const { facts } = choice.choose(fakeExchange({ headers: { x: "1" } }));
    assert.deepEqual(facts, { ...FACTS, alternativeUpstreamName: "new" });
    assert.equal(choice.choose(fakeExchange({ headers: { x: "1" } })).facts, facts, "one object for all requests");
  });
});
