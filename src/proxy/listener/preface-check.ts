/**
 * Tells by the first bytes of a plain connection whether its client speaks HTTP/2 without having asked.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-3.4
 * @module
 */
import { Buffer } from "node:buffer";
import { CLIENT_PREFACE } from "../../http/h2/mod.ts";

const PREFACE = Buffer.from(CLIENT_PREFACE, "latin1");

/** One for each connection, until it is known. */
export class PrefaceCheck {
  /** As much of the preface as has come. */
  #first: Buffer | null = null;

  /** @param http2 takes over, with everything that has been received */
  constructor(readonly http2: (bytes: Buffer) => void) {}

  /** Returns everything received so far once it is known what it is; `null`: more is needed. */
  look(bytes: Buffer): Buffer | null {
    const first = this.#first === null ? bytes : Buffer.concat([this.#first, bytes]);
    this.#first = first.length < PREFACE.length && isPreface(first) ? first : null;
    return this.#first === null ? first : null;
  }
}

/** Do the bytes begin with the preface of HTTP/2, as far as they go? */
export function isPreface(bytes: Buffer): boolean {
  const looked = Math.min(bytes.length, PREFACE.length);
  return bytes[0] === PREFACE[0] && bytes.compare(PREFACE, 0, looked, 0, looked) === 0;
}
