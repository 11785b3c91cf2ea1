/**
 * Texts as bytes, one character (U+0000 to U+00FF) each. nginx works on bytes, and field values, targets and queries
 * have this form here too. Decoded paths and snippets are Unicode text and are converted, so that expressions,
 * comparisons and lengths in snippets have nginx's meaning.
 *
 * @module
 */

// deno-lint-ignore no-control-regex
const BEYOND_ASCII = /[^\x00-\x7f]/;
const ENCODER = new TextEncoder();

/**
 * Converts text to its UTF-8 bytes. Lone surrogates U+DC80 to U+DCFF stand for the bytes 0x80 to 0xFF (see
 * http/path.ts).
 */
export function toBytes(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text;
  let out = "";
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code < 0x80) out += char;
    else if (code >= 0xdc80 && code <= 0xdcff) out += String.fromCharCode(code - 0xdc00);
    else for (const byte of ENCODER.encode(char)) out += String.fromCharCode(byte);
  }
  return out;
}

// deno-lint-ignore no-control-regex
const WIDE = /[^\x00-\xff]/;

/** Converts a value that may be Unicode text (groups of Ingress paths) to bytes. */
export function asBytes(value: string): string {
  return WIDE.test(value) ? toBytes(value) : value;
}

/** Converts bytes to text; the reverse of {@link toBytes}. */
export function fromBytes(bytes: string): string {
  if (!BEYOND_ASCII.test(bytes)) return bytes;
  let out = "";
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    let code = bytes.charCodeAt(i);
    if (length === 0) {
      out += String.fromCharCode(0xdc00 + (code & 0xff));
      i++;
      continue;
    }
    if (length > 1) code &= 0xff >> (length + 1);
    for (let k = 1; k < length; k++) code = (code << 6) | (bytes.charCodeAt(i + k) & 0x3f);
    out += String.fromCodePoint(code);
    i += length;
  }
  return out;
}

/** Converts bytes to a Uint8Array, for bodies. */
export function toUint8Array(bytes: string): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = bytes.charCodeAt(i);
  return out;
}

/** Length of the well-formed UTF-8 sequence at `i`; 0 if there is none (Unicode, table 3-7). */
function sequenceLength(bytes: string, i: number): number {
  const lead = bytes.charCodeAt(i);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const from = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const to = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes.charCodeAt(i + 1);
  if (!(second >= from && second <= to)) return 0;
  for (let k = 2; k < length; k++) {
    const next = bytes.charCodeAt(i + k);
    if (!(next >= 0x80 && next <= 0xbf)) return 0;
  }
  return length;
}
