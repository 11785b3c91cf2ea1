import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { knownAnnotations, policies } from "../../../src/policy/mod.ts";
import { formatConfigReference } from "../../../src/policy/config-reference.ts";
import { formatAnnotationReference } from "../../../src/policy/reference.ts";

test("docs/annotations.md says what the declarations say (scripts/docs.ts writes it anew)", () => {
  const page = readFileSync(new URL("../../../docs/annotations.md", import.meta.url), "utf8");
  assert.equal(page, formatAnnotationReference(policies, knownAnnotations));
});

test("docs/configmap.md says what the declarations say (scripts/docs.ts writes it anew)", () => {
  const page = readFileSync(new URL("../../../docs/configmap.md", import.meta.url), "utf8");
  assert.equal(page, formatConfigReference());
});
