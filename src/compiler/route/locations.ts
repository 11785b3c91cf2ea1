/**
 * Paths of one host -> its {@link Location}s, plain or all as regexes.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import { toBytes } from "../../nginx/mod.ts";
import type { Location, LocationMatch } from "../../snapshot/snapshot.ts";
import { diagnose, nameOrigin } from "../diagnose.ts";
import type { RouteContribution } from "./contribution.ts";
import { type HostPath, makesRegex, rewrittenAsFolder, wantsRegex } from "./paths.ts";
import { compileCached } from "./pattern-cache.ts";

/** Locations in the order of the search. */
export interface HostLocations {
  readonly regexMode: boolean;
  readonly locations: readonly Location[];
}

function makeLocation(path: HostPath, match: LocationMatch, denied: string | null = path.denied): Location {
  const { route } = path;
  const location: Location = {
    match,
    path: path.path,
    pathType: path.pathType,
    ingress: route === null ? null : route.ref,
    backend: path.backend,
    policies: path.policies,
    denied,
  };
  return path.defaultBackend === undefined ? location : { ...location, defaultBackend: path.defaultBackend };
}

function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

/** As nginx matches literal paths: exact, else longest prefix. */
function plainLocations(paths: readonly HostPath[]): readonly Location[] {
  const exact = new Set<string>();
  for (const { path, pathType } of paths) if (pathType === "Exact") exact.add(path);
  const prefixes = new Set<string>();
  const locations: Location[] = [];
  const redirects: HostPath[] = [];
  for (const path of paths) {
    const text = path.path;
    if (path.pathType === "Exact") {
      locations.push(makeLocation(path, { kind: "exact", path: text }));
      continue;
    }
    const prefix = withSlash(text);
    // "/foo/" comes before "/foo": it keeps the prefix, and "/foo" has its exact half only
    if (!prefixes.has(prefix)) {
      prefixes.add(prefix);
      locations.push(makeLocation(path, { kind: "prefix", path: prefix }));
    }
    if (text === "/") continue;
    if (!exact.has(text)) {
      exact.add(text);
      locations.push(makeLocation(path, { kind: "exact", path: text }));
    }
    if (text.endsWith("/")) redirects.push(path);
  }
  for (const path of redirects) {
    const bare = path.path.slice(0, -1);
    if (exact.has(bare)) continue;
    exact.add(bare);
    locations.push(makeLocation(path, { kind: "slash-redirect", path: bare }));
  }
  return locations;
}

/** First match wins; prefix paths of routes that did not ask for regexes stand twice, as ingress-nginx has them. */
function regexLocations(host: string, paths: readonly HostPath[], diagnostics: Diagnostic[]): readonly Location[] {
  const exact = new Set<string>();
  for (const { path, pathType } of paths) if (pathType === "Exact") exact.add(path);
  const locations: Location[] = [];
  for (const path of paths) {
    const text = path.path;
    if (path.pathType === "Exact" || text === "/" || wantsRegex(path)) {
      locations.push(regexLocation(host, path, text, diagnostics));
      continue;
    }
    const prefix = withSlash(text);
    const location = regexLocation(host, path, prefix, diagnostics);
    locations.push(rewrittenAsFolder(path) ? { ...location, matchPath: prefix } : location);
    if (prefix !== text && !exact.has(text)) locations.push(regexLocation(host, path, text, diagnostics));
  }
  return locations;
}

/** As ingress-nginx has paths; nginx matches them byte by byte. */
const PATH = { caseInsensitive: true, prefix: "^", bytes: true } as const;
const META = /[\\^$.|?*+()[{]/;

/** The literal text that every match of a path's regex begins with. */
function literalPrefix(text: string): string {
  // an alternative at the top would make the first one's text optional
  if (text.includes("|")) return "/";
  const end = text.search(META);
  if (end < 0) return text;
  // a quantifier may take its character away
  return text.slice(0, /[?*{]/.test(text[end]!) ? end - 1 : end) || "/";
}

function regexLocation(host: string, path: HostPath, text: string, diagnostics: Diagnostic[]): Location {
  const result = compileCached(toBytes(text), PATH);
  if (result.ok) return makeLocation(path, { kind: "regex", pattern: result.pattern });
  // Left out, its requests would reach a shorter path, which may let in whom this one keeps out.
  const literal = literalPrefix(text);
  const guard = compileCached(toBytes(escapeLiteral(literal)), PATH);
  if (!guard.ok) throw new TypeError(`Cannot compile literal path "${literal}": ${guard.message}`);
  const message = `match path "${text}" of host "${host}": ${result.message} (at character ${result.offset + 1})`;
  if (path.route !== null) {
    diagnostics.push(diagnose(path.route.origin, {
      reason: "PatternRefused",
      severity: "error",
      message,
      effect: `all paths that begin with "${literal}" and fit no longer path answer 503`,
    }));
  }
  return makeLocation(path, { kind: "regex", pattern: guard.pattern }, path.denied ?? message);
}

/** A regex that matches the text literally. */
export function escapeLiteral(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}

/** Tells the routes whose paths have become regexes by the annotations of others. */
function reportRegexMode(host: string, paths: readonly HostPath[], diagnostics: Diagnostic[]): void {
  const asked = paths.find(makesRegex)!;
  const by = asked.policies["use-regex"] === undefined ? "rewrite-target" : "use-regex";
  const told = new Set<RouteContribution>();
  for (const path of paths) {
    const { route } = path;
    if (route === null || path.placeholder || told.has(route) || path.path === "/") continue;
    // a route that asks for regexes and writes one gets what it wrote
    if (wantsRegex(path) && path.pathType !== "Exact" && META.test(path.path)) continue;
    told.add(route);
    diagnostics.push(diagnose(route.origin, {
      reason: "HostUsesRegex",
      severity: "info",
      message:
        `match paths of host "${host}": ${by} of ${
          asked.route === null ? "the ConfigMap" : nameOrigin(asked.route.origin)
        } makes case-insensitive regular ` +
        "expressions of all paths of the host, in order of length",
      effect: `"${path.path}" also takes paths that only begin like it, in any letter case`,
    }));
  }
}

/** What hardly any literal path has: its author may have meant a regex. */
const LOOKS_LIKE_REGEX = /[\\^$|*()[\]{}]/;

function reportLiteral(host: string, paths: readonly HostPath[], diagnostics: Diagnostic[]): void {
  for (const { route, path } of paths) {
    if (route === null || !LOOKS_LIKE_REGEX.test(path)) continue;
    diagnostics.push(diagnose(route.origin, {
      reason: "PathIsLiteral",
      severity: "info",
      message:
        `match path "${path}" of host "${host}": no ${route.origin.kind} of the host has use-regex or rewrite-target`,
      effect: "its characters stand for themselves",
    }));
  }
}

/** Locations of a host. */
export function makeLocations(host: string, paths: readonly HostPath[], diagnostics: Diagnostic[]): HostLocations {
  if (!paths.some(makesRegex)) {
    reportLiteral(host, paths, diagnostics);
    return { regexMode: false, locations: plainLocations(paths) };
  }
  reportRegexMode(host, paths, diagnostics);
  return { regexMode: true, locations: regexLocations(host, paths, diagnostics) };
}
