/**
 * Tells from the first bytes of a plain connection whether its client speaks HTTP/2.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-3.4
 * @module
 */
import { Buffer } from "node:buffer";
import { CLIENT_PREFACE } from "../../http/h2/mod.ts";

const PREFACE = Buffer.from(CLIENT_PREFACE, "latin1");

/** Check of one connection, until its version is known. */
export class PrefaceCheck {
  /** Bytes of the preface so far. */
  #first: Buffer | null = null;

  /** @param http2 takes the connection over, with all bytes received */
  constructor(readonly http2: (bytes: Buffer) => void) {}

  /** Returns all bytes so far when the connection is HTTP/1; `null` when more are needed or HTTP/2 has taken over. */
  look(bytes: Buffer): Buffer | null {
    const first = this.#first === null ? bytes : Buffer.concat([this.#first, bytes]);
    this.#first = first.length < PREFACE.length && isPreface(first) ? first : null;
    return this.#first === null ? first : null;
  }
}

/** True when the bytes are the beginning of the HTTP/2 preface, or begin with it. */
export function isPreface(bytes: Buffer): boolean {
  const looked = Math.min(bytes.length, PREFACE.length);
  return bytes[0] === PREFACE[0] && bytes.compare(PREFACE, 0, looked, 0, looked) === 0;
}
