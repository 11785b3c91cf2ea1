/**
 * Formats declarations as docs/flags.md.
 *
 * @module
 */
import { type Flag, FLAG_GROUPS, type FlagSet, type FlagState } from "./declaration.ts";
import { namesOf, spell } from "./help.ts";

const STATE: Readonly<Record<FlagState, string>> = {
  "honoured": "yes",
  "no-effect": "accepted, nothing to change here",
  "cluster-only": "without effect on manifests from files",
  "not-yet": "not yet: said at the start",
};

/** The page, with a table for each group. */
export function formatFlagReference(flags: FlagSet): string {
  let page = `# Flags of \`sallyport run\`

Made from the declarations in \`src/cli/flag\`; a test fails when this page is out of date.

Flags are read as \`--flag value\` and \`--flag=value\`; a switch as \`--flag\`, \`--flag=false\` or \`--flag false\`.
Names and defaults are those of ingress-nginx, where it has the flag.
`;
  for (const group of FLAG_GROUPS) {
    const names = namesOf(flags, group);
    if (names.length === 0) continue;
    page += `\n## ${group}\n\n| Flag | Default | Honoured | |\n|---|---|---|---|\n`;
    for (const name of names) page += formatRow(name, flags[name]!);
  }
  return page;
}

function formatRow(name: string, flag: Flag<unknown>): string {
  const spelled = spell(name) + (flag.placeholder && ` ${flag.placeholder}`);
  const short = flag.short !== undefined && name.length > 1 ? `, \`-${flag.short}\`` : "";
  const shown = flag.shownDefault === "" ? "" : `\`${flag.shownDefault}\``;
  const cells = [`\`${spelled}\`${short}`, shown, STATE[flag.state], flag.doc];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}
