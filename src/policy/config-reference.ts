/**
 * Declarations of ConfigMap keys -> docs/configmap.md.
 *
 * @module
 */
import { CONFIG_KEYS, type ListKey, UNHONOURED_KEYS, type UnhonouredKey, type ValueKey } from "./config-key.ts";

const CONCERNS: Readonly<Record<UnhonouredKey["concerns"], string>> = {
  guard: "every request is answered 503, because the key may keep requests out",
  tuning: "no effect: it tunes the machinery of nginx",
  cluster: "no effect: it does not concern what is served",
  feature: "no effect",
};

/** The page: the keys that are honoured, then the others. */
export function formatConfigReference(): string {
  let page = `# ConfigMap

Keys of the ConfigMap that \`--configmap\` names. Made from the declarations in \`src/policy/config-key.ts\` by
\`scripts/docs.ts\`; a test fails when this page is out of date.

A value that cannot be read is reported as a diagnostic and counts as not given, unless the table says otherwise. Items of a
list stand between commas; an unreadable item is left out. Where an item of \`block-cidrs\`, \`block-referers\`,
\`block-user-agents\`, \`denylist-source-range\` or \`whitelist-source-range\` cannot be read, the locations that the list holds
for answer 503.

| Key | Default | Value |
|---|---|---|
`;
  const keys: Readonly<Record<string, ValueKey<unknown> | ListKey>> = CONFIG_KEYS;
  for (const [name, key] of Object.entries(keys)) {
    const wanted = key.kind === "list" && key.wanted !== "text" ? `list; each item: ${key.wanted}` : key.wanted;
    const invalid = key.kind === "value" && key.invalid !== undefined
      ? `; an unreadable value counts as \`${String(key.invalid.value)}\``
      : "";
    const value = key.kind === "list" && key.wanted === "text" ? "list" : wanted + invalid;
    page += formatRow([`\`${name}\``, key.text === "" ? "" : `\`${key.text}\``, value]);
  }
  page += `
Without \`--configmap\`, \`allow-snippet-annotations\` is \`true\` and \`annotations-risk-level\` is \`Critical\`.

## Not honoured yet

A key with another value than its default is reported as a diagnostic.

| Key | Until it is honoured |
|---|---|
`;
  for (const [name, { concerns }] of Object.entries(UNHONOURED_KEYS)) {
    page += formatRow([`\`${name}\``, CONCERNS[concerns]]);
  }
  return page;
}

function formatRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}
