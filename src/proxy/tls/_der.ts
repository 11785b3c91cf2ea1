/**
 * The parts of DER that a self-signed certificate needs.
 *
 * @see X.690, sections 8 and 10
 * @module
 */

/** Tags that are used. */
export const enum Tag {
  Boolean = 0x01,
  Integer = 0x02,
  BitString = 0x03,
  OctetString = 0x04,
  Null = 0x05,
  ObjectIdentifier = 0x06,
  Utf8String = 0x0c,
  PrintableString = 0x13,
  UtcTime = 0x17,
  Sequence = 0x30,
  Set = 0x31,
}

/** Encodes tag, length and content. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(body.length)]), body]);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return [0x80 | octets.length, ...octets];
}

export function sequence(...content: readonly Uint8Array[]): Buffer {
  return der(Tag.Sequence, ...content);
}

/** `1.2.840.113549.1.1.11` */
export function objectIdentifier(dotted: string): Buffer {
  const arcs = dotted.split(".").map(Number);
  const octets = [(arcs[0] ?? 0) * 40 + (arcs[1] ?? 0)];
  for (const arc of arcs.slice(2)) {
    const base128 = [arc & 0x7f];
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) base128.unshift(0x80 | (rest & 0x7f));
    octets.push(...base128);
  }
  return der(Tag.ObjectIdentifier, Buffer.from(octets));
}

/** A positive integer from its octets, most significant first. */
export function positiveInteger(octets: Uint8Array): Buffer {
  return der(Tag.Integer, ...((octets[0] ?? 0) & 0x80 ? [Buffer.from([0]), octets] : [octets]));
}

/** A bit string of whole octets, or with `unused` bits at its end. */
export function bitString(octets: Uint8Array, unused = 0): Buffer {
  return der(Tag.BitString, Buffer.from([unused]), octets);
}

/** `[number]` EXPLICIT, as `0xa0 + number`. */
export function explicit(number: number, content: Uint8Array): Buffer {
  return der(0xa0 + number, content);
}

/** UTCTime, for years up to 2049 (RFC 5280, section 4.1.2.5.1). */
export function utcTime(date: Date): Buffer {
  const text = date.toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(Tag.UtcTime, Buffer.from(`${text}Z`, "latin1"));
}

export function text(tag: Tag, value: string): Buffer {
  return der(tag, Buffer.from(value, "utf8"));
}
