/**
 * IP addresses as text and as numbers. IPv4-mapped IPv6 (`::ffff:192.0.2.1`) always reads as the IPv4 address.
 *
 * This is no library because address lists and real-ip processing parse addresses for every request: the scanner writes
 * into {@link Words} and allocates nothing.
 *
 * @module
 */

/** Longest text of an address: eight groups, or six and dotted IPv4. */
const MAX_TEXT = 45;

/** An address as four words of 32 bits, the first one the most significant. IPv4 is `0, 0, 0xffff, address`. */
export type Words = Uint32Array;

const MAPPED = 0xffff;

/**
 * Reads dotted IPv4 from `text` between `start` and `end`; -1 when it is none. Leading zeros are refused, because some
 * parsers read them as octal.
 */
function scanIpv4(text: string, start: number, end: number): number {
  let address = 0;
  let octet = -1;
  let dots = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (octet < 0 || ++dots > 3) return -1;
      address = address * 256 + octet;
      octet = -1;
    } else if (code >= 0x30 && code <= 0x39) {
      if (octet === 0) return -1;
      octet = (octet < 0 ? 0 : octet * 10) + code - 0x30;
      if (octet > 255) return -1;
    } else return -1;
  }
  return octet < 0 || dots !== 3 ? -1 : address * 256 + octet;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

const groups = new Uint16Array(8);

function scanIpv6(text: string, into: Words): boolean {
  const { length } = text;
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === 0x3a) {
    if (text.charCodeAt(1) !== 0x3a) return false;
    gap = 0;
    at = 2;
  }
  while (at < length) {
    if (count === 8) return false;
    const start = at;
    let value = 0;
    let digit: number;
    while (at < length && (digit = hexDigit(text.charCodeAt(at))) >= 0) {
      value = value * 16 + digit;
      at++;
    }
    const size = at - start;
    if (at < length && text.charCodeAt(at) === 0x2e) {
      if (count > 6) return false;
      const v4 = scanIpv4(text, start, length);
      if (v4 < 0) return false;
      groups[count++] = v4 >>> 16;
      groups[count++] = v4 & 0xffff;
      at = length;
      break;
    }
    if (size === 0 || size > 4) return false;
    groups[count++] = value;
    if (at === length) break;
    if (text.charCodeAt(at) !== 0x3a) return false;
    at++;
    if (at < length && text.charCodeAt(at) === 0x3a) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    } else if (at === length) return false;
  }
  if (gap < 0) {
    if (count !== 8) return false;
  } else {
    if (count === 8) return false;
    const moved = count - gap;
    for (let i = 0; i < moved; i++) groups[7 - i] = groups[count - 1 - i]!;
    for (let i = gap; i < 8 - moved; i++) groups[i] = 0;
  }
  for (let i = 0; i < 4; i++) into[i] = (groups[2 * i]! * 65536 + groups[2 * i + 1]!) >>> 0;
  return true;
}

/** Parses an address (no brackets, no zone, no port) into `into`. False when it is none; `into` then holds anything. */
export function scanIp(text: string, into: Words): boolean {
  const { length } = text;
  if (length < 2 || length > MAX_TEXT) return false;
  if (text.indexOf(":") >= 0) return scanIpv6(text, into);
  const v4 = scanIpv4(text, 0, length);
  if (v4 < 0) return false;
  into[0] = 0;
  into[1] = 0;
  into[2] = MAPPED;
  into[3] = v4;
  return true;
}

/** True for the IPv4 range of {@link Words}. */
export function isIpv4Words(words: Words): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
}

/** An address as words, or `undefined` when the text is none. */
export function parseIp(text: string): Words | undefined {
  const words = new Uint32Array(4);
  return scanIp(text, words) ? words : undefined;
}

/** Dotted IPv4, or IPv6 as RFC 5952 writes it. */
export function formatIp(words: Words): string {
  if (isIpv4Words(words)) {
    const v4 = words[3]!;
    return `${v4 >>> 24}.${(v4 >>> 16) & 255}.${(v4 >>> 8) & 255}.${v4 & 255}`;
  }
  const parts: number[] = [];
  for (const word of words) parts.push(word >>> 16, word & 0xffff);
  let best = 0;
  let bestAt = -1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && parts[i + run] === 0) run++;
    if (run > best) {
      best = run;
      bestAt = i;
    }
    i += run;
  }
  const hex = parts.map((part) => part.toString(16));
  // a single zero group is not shortened (RFC 5952, section 4.2.2)
  if (best < 2) return hex.join(":");
  return `${hex.slice(0, bestAt).join(":")}::${hex.slice(bestAt + best).join(":")}`;
}

/** Canonical spelling of an address, IPv4-mapped as IPv4; `undefined` when the text is no address. */
export function canonicalIp(text: string): string | undefined {
  const words = parseIp(text);
  return words === undefined ? undefined : formatIp(words);
}

/** True for an IPv4 or IPv6 address without brackets and zone. */
export function isIp(text: string): boolean {
  return scanIp(text, scratch);
}
const scratch = new Uint32Array(4);

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(words: Words): boolean {
  if (isIpv4Words(words)) return words[3]! >>> 24 === 127;
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
}
