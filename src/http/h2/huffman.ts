/**
 * The Huffman code of HPACK: decoding by a table over half bytes, built once when first used.
 *
 * @see RFC 7541 section 5.2 and appendix B
 * @module
 */

/** Code length of each symbol, `A` for 5 bits and so on; 256 is EOS. The code is canonical, so lengths are all it takes. */
const LENGTHS =
  "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACC" +
  "BBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQ" +
  "VVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ";

const EMITS = 0x100;
const FAILS = 0x400;

/** Decoded text is longer than allowed, or the code is broken. */
export class HuffmanError extends SyntaxError {
  override readonly name = "HuffmanError";
}

interface Tables {
  /** At `state * 16 + half byte`: the symbol with {@link EMITS}, and {@link FAILS}. */
  readonly output: Uint16Array;
  /** At the same place: the next state. */
  readonly next: Uint16Array;
  /** By state: may the text end here (padding of fewer than 8 one bits). */
  readonly accepts: Uint8Array;
}

let tables: Tables | undefined;

/**
 * Decodes `bytes[start, end)` into `target` from its beginning, at most `room` bytes.
 *
 * @returns number of bytes written
 * @throws HuffmanError on a broken code, padding of 8 bits or more, or a result that does not fit
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  room: number = target.length,
): number {
  const { output, next, accepts } = tables ??= build();
  let state = 0;
  let written = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    let at = state << 4 | byte >> 4;
    let out = output[at]!;
    if (out !== 0) {
      if (out & FAILS || written === room) throw broken(out);
      target[written++] = out;
    }
    state = next[at]!;
    at = state << 4 | byte & 15;
    out = output[at]!;
    if (out !== 0) {
      if (out & FAILS || written === room) throw broken(out);
      target[written++] = out;
    }
    state = next[at]!;
  }
  if (accepts[state] === 0) throw new HuffmanError("the Huffman padding is not the beginning of EOS");
  return written;
}

function broken(out: number): HuffmanError {
  return new HuffmanError(out & FAILS ? "the Huffman text contains EOS" : "the Huffman text is longer than allowed");
}

/** Codes as numbers, by symbol. */
function codes(): { code: Uint32Array; length: Uint8Array } {
  const length = Uint8Array.from(LENGTHS, (c) => c.charCodeAt(0) - 60);
  const order = Array.from(length.keys()).sort((a, b) => length[a]! - length[b]! || a - b);
  const code = new Uint32Array(length.length);
  let current = 0;
  let bits = length[order[0]!]!;
  for (const symbol of order) {
    current = current * 2 ** (length[symbol]! - bits);
    bits = length[symbol]!;
    code[symbol] = current++;
  }
  return { code, length };
}

function build(): Tables {
  const { code, length } = codes();
  // A binary tree as pairs of links: positive for an inner node, negative - 1 for a symbol.
  const links: number[] = [0, 0];
  const padding = new Set([0]);
  for (let symbol = 0; symbol < length.length; symbol++) {
    let node = 0;
    for (let bit = length[symbol]! - 1; bit >= 0; bit--) {
      const slot = node * 2 + (code[symbol]! >>> bit & 1);
      if (bit === 0) links[slot] = -1 - symbol;
      else {
        if (!links[slot]) {
          links[slot] = links.length / 2;
          links.push(0, 0);
        }
        node = links[slot]!;
        const depth = length[symbol]! - bit;
        if (symbol === 256 && depth < 8) padding.add(node);
      }
    }
  }
  const states = links.length / 2;
  const output = new Uint16Array(states * 16);
  const next = new Uint16Array(states * 16);
  for (let state = 0; state < states; state++) {
    for (let half = 0; half < 16; half++) {
      let node = state;
      let out = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const link = links[node * 2 + (half >> bit & 1)]!;
        if (link >= 0) node = link;
        else {
          const symbol = -1 - link;
          out = symbol === 256 ? FAILS : EMITS | symbol;
          node = 0;
        }
      }
      output[state * 16 + half] = out;
      next[state * 16 + half] = node;
    }
  }
  return { output, next, accepts: Uint8Array.from({ length: states }, (_, i) => padding.has(i) ? 1 : 0) };
}
