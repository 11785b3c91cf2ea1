/**
 * Formats declarations as the text of `--help`.
 *
 * @module
 */
import { type Flag, FLAG_GROUPS, type FlagGroup, type FlagSet } from "./declaration.ts";

const INDENT = 6;

/** The flags under the headings of their groups, wrapped to `width` columns. Flags without effect are only listed. */
export function formatFlags(flags: FlagSet, width: number): string {
  const wrapTo = Math.min(Math.max(width, 50), 100);
  let out = "";
  for (const group of FLAG_GROUPS) {
    const names = namesOf(flags, group);
    if (names.length === 0) continue;
    out += `\n${group}:\n`;
    if (group === "Accepted for compatibility") {
      out += wrap("Known from ingress-nginx and without effect here: " + names.map(spell).join(", "), wrapTo, 2);
      continue;
    }
    for (const name of names) out += formatFlag(name, flags[name]!, wrapTo);
  }
  return out;
}

/** Names of a group's flags in order of declaration. */
export function namesOf(flags: FlagSet, group: FlagGroup): string[] {
  return Object.keys(flags).filter((name) => flags[name]!.group === group);
}

/** `--name`, or `-n` for a name of one letter. */
export function spell(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

function formatFlag(name: string, flag: Flag<unknown>, width: number): string {
  const short = flag.short !== undefined && name.length > 1 ? `-${flag.short}, ` : "";
  const shown = flag.shownDefault === "" ? "" : ` (default ${flag.shownDefault})`;
  const state = flag.state === "not-yet" ? " Not honoured yet." : "";
  const head = `  ${short}${spell(name)}${flag.placeholder && ` ${flag.placeholder}`}`;
  return `${head}\n${wrap(flag.doc + state + shown, width, INDENT)}`;
}

function wrap(text: string, width: number, indent: number): string {
  const margin = " ".repeat(indent);
  let out = "";
  let line = margin;
  for (const word of text.split(" ")) {
    if (line.length > indent && line.length + 1 + word.length > width) {
      out += line + "\n";
      line = margin;
    }
    line += (line.length > indent ? " " : "") + word;
  }
  return out + line + "\n";
}
