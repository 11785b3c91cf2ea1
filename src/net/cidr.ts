/**
 * Address ranges in CIDR notation, and sets of them with look-up by binary search.
 *
 * @module
 */
import { isIpv4Words, parseIp, scanIp, type Words } from "./ip.ts";

/** A block of addresses; the bits after the prefix are zero. */
export interface Cidr {
  readonly base: Words;
  /** Prefix length of 128 bits; for IPv4, 96 more than the notation says. */
  readonly prefix: number;
}

const PREFIX = /^[0-9]{1,3}$/;

function masked(words: Words, prefix: number): Words {
  const base = new Uint32Array(4);
  for (let i = 0; i < 4; i++) {
    const bits = Math.min(32, Math.max(0, prefix - 32 * i));
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    base[i] = (words[i]! & mask) >>> 0;
  }
  return base;
}

/** `192.0.2.0/24`, `2001:db8::/32`, or an address alone. Host bits are cleared. `undefined` for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  const words = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (words === undefined) return undefined;
  if (slash < 0) return { base: words, prefix: 128 };
  const digits = text.slice(slash + 1);
  if (!PREFIX.test(digits)) return undefined;
  const dotted = isIpv4Words(words) && text.indexOf(":") < 0;
  const prefix = Number(digits) + (dotted ? 96 : 0);
  if (prefix > 128) return undefined;
  return { base: masked(words, prefix), prefix };
}

function compare(a: Words, aAt: number, b: Words, bAt: number): number {
  for (let i = 0; i < 4; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function lastOf(cidr: Cidr): Words {
  const last = new Uint32Array(4);
  for (let i = 0; i < 4; i++) {
    const bits = Math.min(32, Math.max(0, cidr.prefix - 32 * i));
    const rest = bits === 32 ? 0 : 0xffffffff >>> bits;
    last[i] = (cidr.base[i]! | rest) >>> 0;
  }
  return last;
}

const probe = new Uint32Array(4);

/** A set of blocks. A look-up scans the text once, searches, and allocates nothing. */
export class CidrSet {
  /** First and last address of each merged range, four words each, ascending and disjoint. */
  readonly #firsts: Uint32Array;
  readonly #lasts: Uint32Array;
  /** Ranges, after merging. */
  readonly size: number;

  constructor(cidrs: Iterable<Cidr>) {
    const ranges = [...cidrs].map((cidr) => ({ first: cidr.base, last: lastOf(cidr) }));
    ranges.sort((a, b) => compare(a.first, 0, b.first, 0));
    const merged: { first: Words; last: Words }[] = [];
    for (const range of ranges) {
      const former = merged.at(-1);
      if (former !== undefined && compare(range.first, 0, former.last, 0) <= 0) {
        if (compare(range.last, 0, former.last, 0) > 0) former.last = range.last;
      } else merged.push({ ...range });
    }
    this.size = merged.length;
    this.#firsts = new Uint32Array(4 * merged.length);
    this.#lasts = new Uint32Array(4 * merged.length);
    merged.forEach((range, i) => {
      this.#firsts.set(range.first, 4 * i);
      this.#lasts.set(range.last, 4 * i);
    });
  }

  /** Builds a set from texts; texts that are no block are ignored, so check them with {@link parseCidr} first. */
  static of(texts: Iterable<string>): CidrSet {
    const cidrs: Cidr[] = [];
    for (const text of texts) {
      const cidr = parseCidr(text);
      if (cidr !== undefined) cidrs.push(cidr);
    }
    return new CidrSet(cidrs);
  }

  /** True when the set contains the address. False for text that is no address. */
  has(address: string): boolean {
    return scanIp(address, probe) && this.hasWords(probe);
  }

  hasWords(words: Words): boolean {
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (compare(words, 0, this.#firsts, 4 * middle) < 0) high = middle - 1;
      else if (compare(words, 0, this.#lasts, 4 * middle) > 0) low = middle + 1;
      else return true;
    }
    return false;
  }
}
