/**
 * The ring of consistent hashing. Keys and places are hashed onto one circle of 32 bits, and a key belongs to the last place
 * at or before it. Adding or removing a place moves the keys of that place only.
 *
 * The points are those of ingress-nginx, so a key has the same endpoint in every process and replica, and keeps it while
 * traffic moves from an ingress-nginx to this program.
 *
 * @see https://www.metabrew.com/article/libketama-consistent-hashing-algo-memcached-clients
 * @module
 */

/** Points of a place of weight 1. */
const POINTS = 160;

/** Factor that joins a point of 32 bits and the number of a place in one integer of 53 bits. */
const PLACES = 2 ** 20;

/** Finds the place of a key. */
export class Ring<T> {
  /** In ascending order. */
  readonly #points: Uint32Array;
  /** Number of the place that each point leads to, at the index of the point. */
  readonly #owners: Uint32Array;
  readonly #places: readonly T[];

  /** @param places names, which determine the points, with values and whole weights; at most a million */
  constructor(places: Iterable<readonly [name: string, place: T, weight?: number]>) {
    // sorted by name, so that all processes agree about a point that two places share
    const sorted = [...places].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
    const total = sorted.reduce((sum, [, , weight = 1]) => sum + weight * POINTS, 0);
    // one integer for point and place sorts without a comparator
    const keys = new Float64Array(total);
    let filled = 0;
    for (const [number, [name, , weight = 1]] of sorted.entries()) {
      const base = crc32(name);
      let at = 0;
      for (let i = 0; i < POINTS * weight; i++) {
        // the hash of a point continues from the point before it
        at = ~crc32Word(base, at) >>> 0;
        keys[filled++] = at * PLACES + number;
      }
    }
    keys.sort();
    this.#points = new Uint32Array(total);
    this.#owners = new Uint32Array(total);
    for (let i = 0; i < total; i++) {
      this.#points[i] = Math.floor(keys[i]! / PLACES);
      this.#owners[i] = keys[i]! % PLACES;
    }
    this.#places = sorted.map(([, place]) => place);
  }

  /** Number of points. */
  get size(): number {
    return this.#points.length;
  }

  /** Index of the point that a key belongs to; -1 when there is none. @param key one byte a char */
  find(key: string): number {
    const hash = crc32(key);
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#points[middle]! <= hash) low = middle + 1;
      else high = middle;
    }
    // keys before the first point belong to the first point too
    return low > 0 ? low - 1 : this.#points.length > 0 ? 0 : -1;
  }

  /** Place of a point; indexes past the last point wrap around. */
  at(index: number): T {
    return this.#places[this.#owners[index % this.#owners.length]!]!;
  }
}

const TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** CRC-32 of ISO 3309. */
function crc32(text: string): number {
  let crc = -1;
  for (let i = 0; i < text.length; i++) crc = TABLE[(crc ^ text.charCodeAt(i)) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Adds four bytes, lowest first, to an unfinished CRC-32. */
function crc32Word(crc: number, word: number): number {
  for (let i = 0; i < 4; i++, word >>>= 8) crc = TABLE[(crc ^ word) & 0xff]! ^ (crc >>> 8);
  return crc;
}
