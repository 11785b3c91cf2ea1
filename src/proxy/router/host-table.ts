/**
 * Finds the virtual host of an authority by nginx's precedence of server names: exact names, leading wildcards (longest
 * first), trailing wildcards (longest first), regexes in the order of the hosts, then the catch-all.
 *
 * @see https://nginx.org/en/docs/http/server_names.html
 * @module
 */
import { hostOf } from "../../net/mod.ts";
import { instantiate, type Matcher } from "../../nginx/pattern/mod.ts";
import type { HostName } from "../../snapshot/snapshot.ts";

/** Result of a look-up. */
export interface HostMatch<T> {
  readonly value: T;
  /** Named groups of the regex that matched ($subdomain); `null` in every other case. */
  readonly groups: readonly (readonly [name: string, value: string])[] | null;
}

interface Entry<T> {
  readonly names: readonly HostName[];
  readonly match: HostMatch<T>;
  /** Matchers of the regex names, in order; compiled once, whatever changes of other hosts come. */
  readonly matchers: readonly Matcher[];
}

interface Affix<T> {
  readonly text: string;
  readonly match: HostMatch<T>;
}

interface Expression<T> {
  readonly matcher: Matcher;
  readonly value: T;
}

/** Bound of the remembered results of slow look-ups, which clients could make grow without end. */
const MAX_REMEMBERED = 1024;

/** Hosts are changed one by one in place; a request keeps the host that it found. */
export class HostTable<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #exact = new Map<string, HostMatch<T>>();
  readonly #remembered = new Map<string, HostMatch<T>>();
  #leading: readonly Affix<T>[] = [];
  #trailing: readonly Affix<T>[] = [];
  #expressions: readonly Expression<T>[] = [];
  #catchAll: HostMatch<T> | null = null;

  /** Adds, replaces and removes hosts in one step. Of two hosts with the same exact name, the first one keeps it. */
  change(set: Iterable<readonly [host: string, names: readonly HostName[], value: T]>, remove: Iterable<string>): void {
    let patterns = false;
    const gone = (host: string): void => {
      const entry = this.#entries.get(host);
      if (entry === undefined) return;
      this.#entries.delete(host);
      for (const name of entry.names) {
        if (name.kind !== "exact") patterns = true;
        else if (this.#exact.get(name.name) === entry.match) this.#exact.delete(name.name);
      }
    };
    for (const host of remove) gone(host);
    const added = [...set];
    // a change may move names between hosts, so old hosts are removed before new ones are added
    for (const [host] of added) gone(host);
    for (const [host, names, value] of added) {
      const matchers = names.flatMap((name) => name.kind === "regex" ? [instantiate(name.pattern)] : []);
      const entry: Entry<T> = { names, match: { value, groups: null }, matchers };
      this.#entries.set(host, entry);
      for (const name of names) {
        if (name.kind !== "exact") patterns = true;
        else if (!this.#exact.has(name.name)) this.#exact.set(name.name, entry.match);
      }
    }
    if (patterns) this.#arrange();
    this.#catchAll = this.#entries.get("_")?.match ?? null;
    this.#remembered.clear();
  }

  /** Value stored for a host of the snapshot. */
  get(host: string): T | undefined {
    return this.#entries.get(host)?.match.value;
  }

  /** All values. */
  *values(): Iterable<T> {
    for (const entry of this.#entries.values()) yield entry.match.value;
  }

  /**
   * Finds the host of an authority in any spelling: with port, trailing dot, upper case. The catch-all when none
   * matches; `undefined` without one.
   */
  match(authority: string): HostMatch<T> | undefined {
    // most clients send the name in its normal form
    return this.#exact.get(authority) ?? this.#remembered.get(authority) ?? this.#search(authority);
  }

  #search(authority: string): HostMatch<T> | undefined {
    const found = this.#find(hostOf(authority)) ?? this.#catchAll ?? undefined;
    if (found !== undefined && authority.length <= 255) {
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
      this.#remembered.set(authority, found);
    }
    return found;
  }

  #find(host: string): HostMatch<T> | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined || host === "") return exact;
    for (const { text, match } of this.#leading) {
      if (host.length > text.length && host.endsWith(text)) return match;
    }
    for (const { text, match } of this.#trailing) {
      if (host.length > text.length && host.startsWith(text)) return match;
    }
    for (const { matcher, value } of this.#expressions) {
      const hit = matcher.exec(host);
      if (hit === null) continue;
      const groups: [string, string][] = [];
      for (const [name, index] of matcher.groups) groups.push([name, hit[index] ?? ""]);
      return { value, groups: groups.length === 0 ? null : groups };
    }
    return undefined;
  }

  #arrange(): void {
    const leading: Affix<T>[] = [];
    const trailing: Affix<T>[] = [];
    const expressions: Expression<T>[] = [];
    const hosts = [...this.#entries.keys()].sort();
    for (const host of hosts) {
      const { names, match, matchers } = this.#entries.get(host)!;
      for (const matcher of matchers) expressions.push({ matcher, value: match.value });
      for (const name of names) {
        switch (name.kind) {
          case "exact":
          case "regex":
            break;
          case "leading-wildcard":
            leading.push({ text: name.suffix, match });
            break;
          case "trailing-wildcard":
            trailing.push({ text: name.prefix, match });
            break;
          default:
            name satisfies never;
        }
      }
    }
    // the sort is stable: equal lengths stay in the order of the hosts
    this.#leading = leading.sort((a, b) => b.text.length - a.text.length);
    this.#trailing = trailing.sort((a, b) => b.text.length - a.text.length);
    this.#expressions = expressions;
  }
}
