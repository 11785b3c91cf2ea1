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
 * Makes a pattern ready to run. Strings are matched by character; one made for bytes wants texts of bytes. Else `.` is one
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

/** The assertion `$`, which emit.ts writes for nothing else; not that of `(?m:$)`. */
const DOLLAR = /(?<!\(\?m:)\$/g;

function linearMatcher(pattern: Pattern): Matcher {
  const expression = RE2JS.compile(pattern.source);
  const groupCount = expression.groupCount();
  const ofLines = pattern.source.replace(DOLLAR, "(?m:$)");
  let lineExpression: RE2JS | undefined;

  /**
   * PCRE's `$` also holds before a last line feed, RE2's does not. Where that is the only one of the text, the `$` of lines
   * is the same; where there are more, the text without the last one is looked at, too.
   */
  function find(text: string): Found | null {
    if (ofLines === pattern.source || !text.endsWith("\n")) return search(expression, text);
    if (text.indexOf("\n") === text.length - 1) return search(lineExpression ??= RE2JS.compile(ofLines), text);
    const whole = search(expression, text);
    const shorter = search(expression, text.slice(0, -1));
    return whole === null || (shorter !== null && shorter.start < whole.start) ? shorter : whole;
  }

  function search(by: RE2JS, text: string): Found | null {
    // To tell that there is no match takes far less than to find one.
    if (!by.test(text)) return null;
    const matcher = by.matcher(text);
    if (!matcher.find()) return null;
    const groups: (string | undefined)[] = [];
    for (let i = 0; i <= groupCount; i++) groups.push(matcher.group(i) ?? undefined);
    return { start: matcher.start(), groups };
  }

  function test(text: string): boolean {
    if (ofLines === pattern.source || !text.endsWith("\n")) return expression.test(text);
    if (text.indexOf("\n") === text.length - 1) return (lineExpression ??= RE2JS.compile(ofLines)).test(text);
    return expression.test(text) || expression.test(text.slice(0, -1));
  }

  return {
    groupCount,
    groups: new Map(Object.entries(expression.namedGroups())),
    test,
    exec: (text) => find(text)?.groups ?? null,
  };
}

interface Found {
  readonly start: number;
  readonly groups: (string | undefined)[];
}
