/**
 * A {@link Pattern} at work.
 *
 * @module
 */
import { RE2JS } from "re2js";
import type { Pattern } from "../../snapshot/snapshot.ts";

/** A compiled expression, shared by all requests. The match may be anywhere in the text unless the pattern is anchored. */
export interface Matcher {
  test(text: string): boolean;
  /** Index 0: the whole match; then the groups, `undefined` for those that took no part. */
  exec(text: string): (string | undefined)[] | null;
  /** Number of groups. */
  readonly groupCount: number;
  /** Number of each named group. */
  readonly groups: ReadonlyMap<string, number>;
}

/**
 * Makes a pattern ready to run. Strings are matched by character, where nginx matches bytes of UTF-8: `.` is one
 * character beyond ASCII too, and letters beyond ASCII have cases.
 *
 * @throws {SyntaxError} the pattern was not made by `compilePattern`
 */
export function instantiate(pattern: Pattern): Matcher {
  return pattern.engine === "native" ? nativeMatcher(pattern) : linearMatcher(pattern);
}

function nativeMatcher(pattern: Pattern): Matcher {
  const expression = new RegExp(pattern.source, pattern.flags);
  const groups = new Map<string, number>();
  let groupCount = 0;
  // Groups are counted by their opening parentheses, as in the source we made ourselves: no comments, no \Q.
  for (const [open] of pattern.source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<(?<name>[A-Za-z_]\w*)>|.))?/gs)) {
    if (open[0] !== "(" || (open.startsWith("(?") && !open.startsWith("(?<"))) continue;
    if (open === "(?<") continue;
    groupCount++;
    if (open.length > 1) groups.set(open.slice(3, -1), groupCount);
  }
  return {
    groupCount,
    groups,
    test: (text) => expression.test(text),
    exec: (text) => expression.exec(text),
  };
}

function linearMatcher(pattern: Pattern): Matcher {
  const expression = RE2JS.compile(pattern.source);
  const groupCount = expression.groupCount();
  // PCRE's `$` also holds before a last line feed (see emit.ts).
  const dollar = pattern.source.includes("$");

  function find(text: string): (string | undefined)[] | null {
    const matcher = expression.matcher(text);
    if (!matcher.find()) return null;
    const out: (string | undefined)[] = [];
    for (let i = 0; i <= groupCount; i++) out.push(matcher.group(i) ?? undefined);
    return out;
  }

  return {
    groupCount,
    groups: new Map(Object.entries(expression.namedGroups())),
    test: (text) => expression.test(text) || (dollar && text.endsWith("\n") && expression.test(text.slice(0, -1))),
    exec: (text) => find(text) ?? (dollar && text.endsWith("\n") ? find(text.slice(0, -1)) : null),
  };
}
