/**
 * The first message of a TLS client, built piece by piece.
 *
 * @see RFC 8446, section 4.1.2
 * @module
 */
import { Buffer } from "node:buffer";

/** What a ClientHello says. */
export interface HelloParts {
  /** `null`: no extension server_name. */
  readonly serverName?: string | null;
  /** Before server_name, as type and body. */
  readonly before?: readonly (readonly [type: number, body: Uint8Array])[];
  readonly after?: readonly (readonly [type: number, body: Uint8Array])[];
  /** No list of extensions at all, as before TLS 1.2. */
  readonly noExtensions?: boolean;
  readonly sessionId?: Uint8Array;
}

/** RFC 8701: types that mean nothing. */
export const GREASE: readonly number[] = [0x0a0a, 0x3a3a, 0xfafa];

function withLength(bytes: Uint8Array, lengthBytes: number): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(bytes.length, 0, lengthBytes);
  return Buffer.concat([length, bytes]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

/** The body of the extension server_name. */
export function serverNameBody(name: string): Buffer {
  return withLength(Buffer.concat([Buffer.from([0]), withLength(Buffer.from(name, "latin1"), 2)]), 2);
}

/** The handshake message, without records. */
export function clientHello(parts: HelloParts = {}): Buffer {
  const { serverName = "a.example", before = [], after = [] } = parts;
  const named = serverName === null ? [] : [[0, serverNameBody(serverName)] as const];
  const extensions = [...before, ...named, ...after].map(([type, body]) =>
    Buffer.concat([uint16(type), withLength(body, 2)])
  );
  return handshake(
    1,
    Buffer.concat([
      Buffer.from([3, 3]),
      Buffer.alloc(32, 0x5a),
      withLength(parts.sessionId ?? Buffer.alloc(32, 1), 1),
      withLength(Buffer.from([0x3a, 0x3a, 0x13, 0x01]), 2),
      withLength(Buffer.from([0]), 1),
      ...parts.noExtensions === true ? [] : [withLength(Buffer.concat(extensions), 2)],
    ]),
  );
}

/** A handshake message of any type. */
export function handshake(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([type]), withLength(body, 3)]);
}

/** In records of `size` bytes at most. */
export function inRecords(message: Uint8Array, size: number | (() => number) = 16_384): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length;) {
    const fragment = message.subarray(at, at + (typeof size === "number" ? size : size()));
    records.push(Buffer.from([22, 3, 1]), withLength(fragment, 2));
    at += fragment.length;
  }
  return Buffer.concat(records);
}
