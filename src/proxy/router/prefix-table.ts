/**
 * Finds the longest prefix of a path: a sorted list in which each prefix links to the next shorter one that it begins
 * with. The time grows with the logarithm of the number of prefixes and with their nesting.
 *
 * @module
 */

interface Node<T> {
  readonly prefix: string;
  readonly value: T;
  /** Longest other prefix that this one begins with. */
  readonly shorter: Node<T> | null;
}

/** Immutable table of prefixes. */
export class PrefixTable<T> {
  readonly #nodes: readonly Node<T>[];

  /** Of equal prefixes the first counts. */
  constructor(entries: Iterable<readonly [prefix: string, value: T]>) {
    const first = new Map<string, T>();
    for (const [prefix, value] of entries) {
      if (!first.has(prefix)) first.set(prefix, value);
    }
    const nodes: Node<T>[] = [];
    const open: Node<T>[] = [];
    for (const prefix of [...first.keys()].sort()) {
      while (open.length > 0 && !prefix.startsWith(open[open.length - 1]!.prefix)) open.pop();
      const node = { prefix, value: first.get(prefix)!, shorter: open[open.length - 1] ?? null };
      nodes.push(node);
      open.push(node);
    }
    this.#nodes = nodes;
  }

  /** Value of the longest prefix of `path`. */
  longest(path: string): T | undefined {
    const nodes = this.#nodes;
    let low = 0;
    let high = nodes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (nodes[middle]!.prefix <= path) low = middle + 1;
      else high = middle;
    }
    // every prefix of `path` is also a prefix of the greatest entry that is not greater than `path`
    let node = low === 0 ? null : nodes[low - 1]!;
    while (node !== null && !path.startsWith(node.prefix)) node = node.shorter;
    return node?.value;
  }
}
