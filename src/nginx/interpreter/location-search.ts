/**
 * Finds the location block of a snippet that takes a path, among the locations generated for Ingress paths.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#location
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import { toBytes } from "../byte-text.ts";
import type { BlockMatch } from "../program.ts";
import { compileMatch } from "./statements.ts";

/** What the generated locations of the host offer for a path. */
export interface GeneratedMatch {
  /** One matches exactly (`location = path`). */
  readonly exact: boolean;
  /** It is not one of nginx's configuration: the redirect from `/foo` to `location /foo/`. */
  readonly slashRedirect?: true;
  /** Length of the longest prefix; -1: none. */
  readonly prefixLength: number;
  /** A regular expression matches. */
  readonly regex: boolean;
}

const NO_GENERATED_MATCH: GeneratedMatch = { exact: false, prefixLength: -1, regex: false };

interface Prefix<T> {
  readonly path: string;
  readonly final: boolean;
  readonly target: T;
}

/** Location blocks at one level. `T`: what a block leads to. */
export class LocationSearch<T> {
  readonly #exact = new Map<string, T>();
  /** Longest first. */
  readonly #prefixes: Prefix<T>[] = [];
  readonly #regexes: {
    readonly match: (x: Exchange, path: string) => boolean;
    readonly late: boolean;
    readonly target: T;
  }[] = [];
  readonly #named = new Map<string, T>();
  /** Any but named ones. */
  readonly reachable: boolean;

  /** `late`: of the ConfigMap's server-snippet, whose expressions are tried after the generated ones. The first of equals counts. */
  constructor(blocks: Iterable<{ readonly match: BlockMatch; readonly late: boolean; readonly target: T }>) {
    for (const { match, late, target } of blocks) {
      switch (match.kind) {
        case "exact":
          if (!this.#exact.has(match.path)) this.#exact.set(match.path, target);
          break;
        case "prefix":
          if (!this.#prefixes.some(({ path }) => path === match.path)) {
            this.#prefixes.push({ path: match.path, final: match.final, target });
          }
          break;
        case "regex":
          this.#regexes.push({ match: compileMatch(match.pattern), late, target });
          break;
        case "named":
          if (!this.#named.has(match.name)) this.#named.set(match.name, target);
          break;
        default:
          match satisfies never;
      }
    }
    this.#prefixes.sort((a, b) => b.path.length - a.path.length);
    this.reachable = this.#exact.size + this.#prefixes.length + this.#regexes.length > 0;
  }

  /** `undefined`: the generated locations have it. Sets the groups of a regular expression that matched. */
  find(x: Exchange, generated: GeneratedMatch = NO_GENERATED_MATCH): T | undefined {
    const { path } = x;
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    if (generated.exact) {
      // nginx redirects only where no location has just this path.
      const isOwn = generated.slashRedirect === true && this.#prefixes.some((prefix) => prefix.path === path);
      if (!isOwn) return undefined;
    }
    let best: Prefix<T> | undefined;
    for (const prefix of this.#prefixes) {
      if (prefix.path.length <= generated.prefixLength) break;
      if (path.startsWith(prefix.path)) {
        best = prefix;
        break;
      }
    }
    if (best?.final === true) return best.target;
    if (this.#regexes.length > 0) {
      const bytes = toBytes(path);
      for (const { match, late, target } of this.#regexes) if (!late && match(x, bytes)) return target;
      if (generated.regex) return undefined;
      for (const { match, late, target } of this.#regexes) if (late && match(x, bytes)) return target;
    }
    if (generated.regex) return undefined;
    return best?.target;
  }

  named(name: string): T | undefined {
    return this.#named.get(name);
  }
}
