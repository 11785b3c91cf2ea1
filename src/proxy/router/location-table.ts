/**
 * Finds the location of a path within a virtual host by nginx's rules: an exact location; or else the longest prefix,
 * which ends the search if it is `^~`; or else the first regex that matches; or else that prefix.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#location
 * @module
 */
import { toBytes } from "../../nginx/mod.ts";
import { instantiate, type Matcher } from "../../nginx/pattern/mod.ts";
import type { Pattern } from "../../snapshot/snapshot.ts";
import { PrefixTable } from "./prefix-table.ts";

/** Rule of a location. */
export type LocationRule =
  | { readonly kind: "exact"; readonly path: string; readonly slashRedirect?: boolean }
  | { readonly kind: "prefix"; readonly path: string; readonly final?: boolean }
  | { readonly kind: "regex"; readonly pattern: Pattern };

/** Result of a search. */
export interface LocationHit<T> {
  readonly value: T;
  /** Whole match and groups of the regex, in bytes; `null` for other rules. */
  readonly captures: readonly (string | undefined)[] | null;
  /** Numbers of the named groups of the regex; `null` when there are none. */
  readonly groups: ReadonlyMap<string, number> | null;
  /** Kind of the rule that matched. */
  readonly found: {
    readonly exact: boolean;
    /** See FoundLocation of the policies. */
    readonly slashRedirect?: true;
    /** Length of the prefix; -1: none. */
    readonly prefixLength: number;
    readonly regex: boolean;
  };
}

const BY_EXACT: LocationHit<unknown>["found"] = { exact: true, prefixLength: -1, regex: false };
const BY_SLASH: LocationHit<unknown>["found"] = { ...BY_EXACT, slashRedirect: true };
const BY_REGEX: LocationHit<unknown>["found"] = { exact: false, prefixLength: -1, regex: true };

interface Expression<T> {
  readonly pattern: Pattern;
  readonly value: T;
  /** Made when first needed, because many hosts get no request. */
  matcher: Matcher | null;
}

interface Prefixed<T> {
  readonly hit: LocationHit<T>;
  readonly final: boolean;
}

/** Immutable table of locations. */
export class LocationTable<T> {
  readonly #exact = new Map<string, LocationHit<T>>();
  readonly #prefixes: PrefixTable<Prefixed<T>>;
  readonly #expressions: Expression<T>[] = [];

  /** Of equal rules the first counts; regexes are tested in this order. */
  constructor(rules: Iterable<readonly [rule: LocationRule, value: T]>) {
    const prefixes: [string, Prefixed<T>][] = [];
    for (const [rule, value] of rules) {
      switch (rule.kind) {
        case "exact":
          if (!this.#exact.has(rule.path)) {
            const found = rule.slashRedirect === true ? BY_SLASH : BY_EXACT;
            this.#exact.set(rule.path, { value, captures: null, groups: null, found });
          }
          break;
        case "prefix":
          prefixes.push([rule.path, {
            hit: {
              value,
              captures: null,
              groups: null,
              found: { exact: false, prefixLength: rule.path.length, regex: false },
            },
            final: rule.final === true,
          }]);
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

  /** Finds the location of a decoded, normalised path. */
  find(path: string): LocationHit<T> | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    const prefix = this.#prefixes.longest(path);
    if (this.#expressions.length === 0 || prefix?.final === true) return prefix?.hit;
    const bytes = toBytes(path);
    for (const expression of this.#expressions) {
      const matcher = expression.matcher ??= instantiate(expression.pattern);
      const captures = matcher.exec(bytes);
      if (captures === null) continue;
      const groups = matcher.groups.size === 0 ? null : matcher.groups;
      return { value: expression.value, captures, groups, found: BY_REGEX };
    }
    return prefix?.hit;
  }
}
