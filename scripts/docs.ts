/**
 * Writes the reference pages under docs/ anew from the declarations: `bun scripts/docs.ts`.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { knownAnnotations, policies } from "../src/policy/mod.ts";
import { formatConfigReference } from "../src/policy/config-reference.ts";
import { formatAnnotationReference } from "../src/policy/reference.ts";
import { RUN_FLAGS } from "../src/cli/flag/run-flags.ts";
import { formatFlagReference } from "../src/cli/flag/reference.ts";

const PAGES: Readonly<Record<string, string>> = {
  "annotations.md": formatAnnotationReference(policies, knownAnnotations),
  "configmap.md": formatConfigReference(),
  "flags.md": formatFlagReference(RUN_FLAGS),
};

for (const [name, page] of Object.entries(PAGES)) writeFileSync(new URL(`../docs/${name}`, import.meta.url), page);
