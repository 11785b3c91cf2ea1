/**
 * Writes the reference pages under docs/ anew from the declarations: `bun scripts/docs.ts`.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { knownAnnotations, policies } from "../src/policy/mod.ts";
import { formatAnnotationReference } from "../src/policy/reference.ts";

writeFileSync(
  new URL("../docs/annotations.md", import.meta.url),
  formatAnnotationReference(policies, knownAnnotations),
);
