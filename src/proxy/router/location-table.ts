/**
 * Finds the location of a path within one virtual host, by nginx's rules: exact; else the longest prefix, which ends the
 * search if it says so (`^~`); else the first regex that matches, in order; else that prefix.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#location
 * @module
 */
import { instantiate, type Matcher } from "../../nginx/pattern/mod.ts";
import type { Pattern } from "../../snapshot/snapshot.ts";
import { PrefixTable } from "./prefix-table.ts";

/** How a location is found. */
export type LocationRule =
  | { readonly kind: "exact"; readonly path: string }
  | { readonly kind: "prefix"; readonly path: string; readonly final?: boolean }
  | { readonly kind: "regex"; readonly pattern: Pattern };

/** What was found. */
export interface LocationHit<T> {
  readonly value: T;
  /** Whole match and groups of the regex; `null` for other rules. */
  readonly captures: readonly (string | undefined)[] | null;
  /** Numbers of its named groups; `null` when there are none. */
  readonly groups: ReadonlyMap<string, number> | null;
}

interface Expression<T> {
  readonly pattern: Pattern;
  readonly value: T;
  /** Made when first needed: many hosts are never asked for. */
  matcher: Matcher | null;
}

interface Prefixed<T> {
  readonly hit: LocationHit<T>;
  readonly final: boolean;
}

/** Built once, never changed. */
export class LocationTable<T> {
  readonly #exact = new Map<string, LocationHit<T>>();
  readonly #prefixes: PrefixTable<Prefixed<T>>;
  readonly #expressions: Expression<T>[] = [];

  /** Of equal rules the first counts; regexes are tried in this order. */
  constructor(rules: Iterable<readonly [rule: LocationRule, value: T]>) {
    const prefixes: [string, Prefixed<T>][] = [];
    for (const [rule, value] of rules) {
      switch (rule.kind) {
        case "exact":
          if (!this.#exact.has(rule.path)) this.#exact.set(rule.path, { value, captures: null, groups: null });
          break;
        case "prefix":
          prefixes.push([rule.path, { hit: { value, captures: null, groups: null }, final: rule.final === true }]);
          break;
        case "regex":
          this.#expressions.push({ pattern: rule.pattern, value, matcher: null });
          break;
        default:
          rule satisfies never;
      }
    }
    this.#prefixes = new PrefixTable(prefixes);
  }

  /** `path` is decoded and normalised. */
  find(path: string): LocationHit<T> | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    const prefix = this.#prefixes.longest(path);
    if (this.#expressions.length === 0 || prefix?.final === true) return prefix?.hit;
    for (const expression of this.#expressions) {
      const matcher = expression.matcher ??= instantiate(expression.pattern);
      const captures = matcher.exec(path);
      if (captures === null) continue;
      return { value: expression.value, captures, groups: matcher.groups.size === 0 ? null : matcher.groups };
    }
    return prefix?.hit;
  }
}
