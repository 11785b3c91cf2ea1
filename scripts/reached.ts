/**
 * Reads test/conformance/reached.txt: which behaviour cases must pass.
 */

/** What the list says. */
export interface Reached {
  /** Areas, groups and cases that must pass. */
  readonly wanted: readonly string[];
  /** Groups and cases that are left out of those. */
  readonly excluded: readonly string[];
}

/** Throws a SyntaxError for an exclusion without a reason. */
export function parseReached(text: string): Reached {
  const wanted: string[] = [];
  const excluded: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const content = line.trim();
    if (content === "" || content.startsWith("#")) continue;
    if (!content.startsWith("!")) {
      wanted.push(content);
      continue;
    }
    const [name = "", ...reason] = content.slice(1).split(/\s+/);
    if (reason.length === 0) {
      throw new SyntaxError(`cannot read line ${index + 1} of the list: "${content}" has no reason`);
    }
    excluded.push(name);
  }
  return { wanted, excluded };
}

/**
 * The same as a `--filter` of the runner, whose regular expressions see the name of a case followed by a line break.
 *
 * @param only names that the cases must lie under as well; empty: no further restriction
 */
export function filterOf({ wanted, excluded }: Reached, only: readonly string[]): string {
  const under = (names: readonly string[]): string => `(?:${names.map(escape).join("|")})(?:\\/|\\n)`;
  const not = excluded.length === 0 ? "" : `(?!${under(excluded)})`;
  const also = only.length === 0 ? "" : `(?=${under(only)})`;
  return `/^${not}${also}${under(wanted)}/`;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
