/**
 * Declarations -> docs/annotations.md.
 *
 * @module
 */
import type { AnnotationDeclaration, OnInvalid, PolicyModule } from "./contract.ts";
import type { KnownAnnotation } from "./known.ts";

const SCOPE: Readonly<Record<AnnotationDeclaration["scope"], string>> = {
  location: "the paths of the Ingress",
  host: "the whole host",
  upstream: "the Service",
  ingress: "the Ingress",
};

const INVALID: Readonly<Record<OnInvalid, string>> = {
  "ignore": "counts as not given",
  "drop-ingress": "the Ingress is not loaded",
  "deny-location": "its paths answer 503",
};

/** The page: what is honoured, by policy in order of execution, and what is not. */
export function formatAnnotationReference(
  policies: readonly PolicyModule<unknown>[],
  known: readonly KnownAnnotation[],
): string {
  let page = `# Annotations

Made from the declarations in \`src/policy\` by \`scripts/docs.ts\`; a test fails when this page is out of date.

Names stand behind \`nginx.ingress.kubernetes.io/\`, or the prefix of \`--annotations-prefix\`. The risk is what
\`annotations-risk-level\` of the ConfigMap is compared with.

| Annotation | | Holds for | Risk | An invalid value |
|---|---|---|---|---|
`;
  const honoured = new Set<string>();
  for (const { annotations } of policies) {
    for (const declaration of annotations) {
      honoured.add(declaration.key);
      for (const alias of declaration.aliases ?? []) honoured.add(alias);
      page += formatRow(declaration);
    }
  }
  const missing = known.filter(({ key, removed }) => !honoured.has(key) && removed !== true);
  if (missing.length > 0) {
    page += `
## Not honoured yet

An Ingress that has one of these is named in a warning. Where the annotation keeps something out, or protects the way to
the Service, its paths answer 503 until it is honoured.

| Annotation | Until it is honoured |
|---|---|
`;
    for (const { key, guardsAccess, inert } of missing) {
      if (key === "canary") {
        page += "| `canary` | the Ingress is not served; its hosts and paths stay with the primary one |\n";
        continue;
      }
      const but = inert === undefined ? "" : `, unless ${inert.length > 2 ? "switched off" : code(inert)}`;
      page += `| \`${key}\` | ${guardsAccess ? `503${but}` : "no effect"} |\n`;
    }
  }
  const removed = known.filter((each) => each.removed === true).map(({ key }) => key);
  if (removed.length > 0) {
    page += `\nWithout effect, because ingress-nginx itself has dropped them: ${code(removed)}.\n`;
  }
  return page;
}

function formatRow({ key, aliases, doc, scope, risk, onInvalid }: AnnotationDeclaration): string {
  const name = `\`${key}\`` + (aliases === undefined ? "" : ` (also ${code(aliases)})`);
  return `| ${[name, doc.replaceAll("|", "\\|"), SCOPE[scope], risk, INVALID[onInvalid]].join(" | ")} |\n`;
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
