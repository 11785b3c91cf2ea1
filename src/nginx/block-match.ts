/**
 * What location blocks have to do with each other: which of them nginx takes for one, and which never get a request
 * because others take all of theirs.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#location
 * @module
 */
import { toBytes } from "./byte-text.ts";
import { instantiate } from "./pattern/mod.ts";
import type { BlockMatch } from "./program.ts";

/** As it is written: `= /path`, `^~ /path`, `~* regex`, `@name`. */
export function formatBlockMatch(match: BlockMatch): string {
  switch (match.kind) {
    case "exact":
      return `= ${match.path}`;
    case "prefix":
      return match.final ? `^~ ${match.path}` : match.path;
    case "regex":
      return `${match.caseInsensitive ? "~*" : "~"} ${match.pattern.text}`;
    case "named":
      return `@${match.name}`;
    default:
      return match satisfies never;
  }
}

/**
 * Of two such blocks at one level the second never gets a request. nginx refuses those with paths as duplicates, with `^~`
 * or without; it takes equal expressions and names, and never uses the second one.
 */
export function equalBlockMatch(a: BlockMatch, b: BlockMatch): boolean {
  switch (a.kind) {
    case "exact":
    case "prefix":
      return a.kind === b.kind && a.path === b.path;
    case "regex":
      return b.kind === "regex" && a.pattern.source === b.pattern.source && a.pattern.flags === b.pattern.flags;
    case "named":
      return b.kind === "named" && a.name === b.name;
    default:
      return a satisfies never;
  }
}

type RegexMatch = BlockMatch & { readonly kind: "regex" };

/** What looks at the end of a text, or ahead of the match: a longer text may not match then. */
const LOOKS_AHEAD = /\$|\\[bBzZG]|\(\?[=!<>#(&+-]|\(\?\w*m|\[\[:/;
const TO_THE_END = /\.\*(\)?)\$$/;

/** Does the expression match every path that begins with `path`? False when that is not plain to see. */
function takesAllBelow({ pattern }: RegexMatch, path: string): boolean {
  if (LOOKS_AHEAD.test(pattern.text.replace(TO_THE_END, ".*$1"))) return false;
  return instantiate(pattern).test(toBytes(path));
}

/** Literal text that every match of an expression begins with; `undefined`: that is not plain to see. */
function literalStart({ pattern: { text } }: RegexMatch): string | undefined {
  if (!text.startsWith("^") || text.includes("|")) return undefined;
  const end = text.slice(1).search(/[\\^$.?*+()[{]/);
  if (end < 0) return text.slice(1);
  return text.slice(1, /[?*{]/.test(text[end + 1]!) ? end : end + 1);
}

const LETTERS = /[A-Za-z]/;

/** The one path that an expression such as `^/a\.b$` matches; `undefined`: it matches others, too. */
function onlyPath(match: BlockMatch): string | undefined {
  if (match.kind !== "regex") return undefined;
  const literal = /^\^((?:[^\\^$.|?*+()[\]{}]|\\[^A-Za-z0-9])+)\$$/.exec(match.pattern.text)?.[1]?.replace(
    /\\(.)/g,
    "$1",
  );
  return literal !== undefined && match.caseInsensitive && LETTERS.test(literal) ? undefined : literal;
}

/** Does an exact location take the only path that an expression matches? It comes before all expressions. */
export function takesOnlyPath(exact: BlockMatch, match: BlockMatch): boolean {
  return exact.kind === "exact" && onlyPath(match) === exact.path;
}

/**
 * Does `regex` take every request that `match` would get? Of two expressions `regex` must be the first to be tried.
 */
export function overshadows(regex: BlockMatch, match: BlockMatch): boolean {
  if (regex.kind !== "regex") return false;
  switch (match.kind) {
    case "exact":
    case "named":
      return false;
    case "prefix":
      return !match.final && match.path !== "" && takesAllBelow(regex, match.path);
    case "regex": {
      if (regex.pattern.text === match.pattern.text && regex.caseInsensitive) return true;
      const start = literalStart(match) || "/";
      return takesAllBelow(regex, start) &&
        (regex.caseInsensitive || !match.caseInsensitive || !LETTERS.test(regex.pattern.text));
    }
    default:
      return match satisfies never;
  }
}

/**
 * Does `final` (`^~`) keep every request from `match`, an expression? Not if it stands behind a longer one of the `prefixes`
 * of its level, after which expressions are tried, unless one of those before it (`earlier`) takes all that is below.
 */
export function comesBefore(
  final: BlockMatch,
  match: BlockMatch,
  prefixes: Iterable<string>,
  earlier: readonly BlockMatch[],
): boolean {
  if (final.kind !== "prefix" || !final.final || match.kind !== "regex") return false;
  const fold = (text: string): string => match.caseInsensitive ? text.toLowerCase() : text;
  const start = literalStart(match) || "/";
  if (!start.startsWith(final.path) || (match.caseInsensitive && /[A-Za-z]/.test(final.path))) return false;
  for (const path of prefixes) {
    if (path === final.path || !path.startsWith(final.path)) continue;
    if (!fold(path).startsWith(fold(start)) && !fold(start).startsWith(fold(path))) continue;
    if (!earlier.some((each) => overshadows(each, { kind: "prefix", path, final: false }))) return false;
  }
  return true;
}

const ROOT: BlockMatch = { kind: "prefix", path: "/", final: false };

/** Why nginx does not take a block within another; `undefined`: it does. */
export function whyNotInside(match: BlockMatch, parent: BlockMatch): string | undefined {
  const inner = formatBlockMatch(match);
  if (parent.kind === "exact" || parent.kind === "named") {
    return `location "${inner}" cannot stand inside location "${formatBlockMatch(parent)}", which takes one path`;
  }
  if (match.kind !== "exact" && match.kind !== "prefix") return undefined;
  const outer = parent.kind === "prefix" ? parent.path : parent.pattern.text;
  return match.path.startsWith(outer)
    ? undefined
    : `location "${inner}" is outside location "${formatBlockMatch(parent)}", in which it stands`;
}

/** An expression that matches no path of the block that it stands in, or no path at all: it begins otherwise. */
export function neverInside(match: BlockMatch, parent: BlockMatch = ROOT): boolean {
  if (match.kind !== "regex" || parent.kind !== "prefix") return false;
  const start = literalStart(match);
  if (start === undefined) return false;
  const [a, b] = match.caseInsensitive ? [start.toLowerCase(), parent.path.toLowerCase()] : [start, parent.path];
  return !a.startsWith(b) && !b.startsWith(a);
}
