/**
 * Aliases of hosts, and which host each alias belongs to: rule hosts go before aliases, then hosts in order of name.
 *
 * @module
 */
import { compareText } from "../../snapshot/mod.ts";
import { MultiMap } from "./multi-map.ts";

const NONE: readonly string[] = [];

/** Index of the aliases of all hosts. */
export class AliasIndex {
  readonly #claims = new MultiMap();
  readonly #aliases = new Map<string, readonly string[]>();

  /** Replaces the aliases of a host; returns the other hosts with an alias that came or went. */
  replace(host: string, aliases: readonly string[]): readonly string[] {
    const former = this.#aliases.get(host) ?? NONE;
    if (former.length === 0 && aliases.length === 0) return NONE;
    const touched = new Set<string>();
    const note = (alias: string): void => {
      for (const other of this.#claims.get(alias)) if (other !== host) touched.add(other);
    };
    const before = new Set(former);
    const after = new Set(aliases);
    for (const alias of before.difference(after)) {
      this.#claims.delete(alias, host);
      note(alias);
    }
    for (const alias of after.difference(before)) {
      note(alias);
      this.#claims.add(alias, host);
    }
    if (aliases.length === 0) this.#aliases.delete(host);
    else this.#aliases.set(host, aliases);
    return [...touched];
  }

  /** Hosts with this alias. */
  claimants(alias: string): Iterable<string> {
    return this.#claims.get(alias);
  }

  /** The host before `host` with the same alias; `undefined`: none. */
  earlierClaimant(alias: string, host: string): string | undefined {
    let earliest: string | undefined;
    for (const other of this.#claims.get(alias)) {
      if (compareText(other, host) < 0 && (earliest === undefined || compareText(other, earliest) < 0)) {
        earliest = other;
      }
    }
    return earliest;
  }
}
