/**
 * A response body that is not sent as it comes: it goes through the transform of policies, through an encoder, or both.
 *
 * @module
 */
import type { BodyCoding, BodyTransform } from "../../http/mod.ts";
import { type Downstream, UNKNOWN_LENGTH } from "./downstream.ts";
import { EncodedBody, type EncodedBodyOwner } from "./encoded-body.ts";

/** What a changed body needs of its exchange. */
export interface ChangedBodyOwner {
  readonly downstream: Downstream;
  /** Bytes are taken again. */
  bodyDrained(): void;
  bodyFailed(error: unknown): void;
}

/** One body. */
export class ChangedBody implements EncodedBodyOwner {
  readonly #owner: ChangedBodyOwner;
  readonly #transform: BodyTransform | null;
  readonly #encoded: EncodedBody | null;

  /** @param bodyBytes length of the body as it comes; {@link UNKNOWN_LENGTH} */
  constructor(
    owner: ChangedBodyOwner,
    coding: BodyCoding | null,
    transform: BodyTransform | null,
    bodyBytes: number,
  ) {
    this.#owner = owner;
    this.#transform = transform;
    this.#encoded = coding === null
      ? null
      : new EncodedBody(this, coding, transform === null ? bodyBytes : UNKNOWN_LENGTH);
  }

  /** Takes data; `false`: wait for {@link ChangedBodyOwner.bodyDrained}, or for {@link ChangedBody.clientDrained}. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return true;
    const part = bytes.subarray(start, end);
    return this.#writeOn(this.#transform === null ? part : this.#transform.transform(part));
  }

  #writeOn(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    return this.#encoded === null ? this.#owner.downstream.write(bytes, 0, bytes.length) : this.#encoded.write(bytes);
  }

  /** Nothing more comes; `done` is called when the last byte has been written. */
  end(done: () => void): void {
    if (this.#transform !== null) this.#writeOn(this.#transform.flush());
    if (this.#encoded === null) done();
    else this.#encoded.end(done);
  }

  clientDrained(): void {
    if (this.#encoded === null) this.#owner.bodyDrained();
    else this.#encoded.clientDrained();
  }

  destroy(): void {
    this.#encoded?.destroy();
  }

  writeEncoded(bytes: Uint8Array, last: boolean): boolean {
    const { downstream } = this.#owner;
    const more = downstream.write(bytes, 0, bytes.length);
    if (!last) downstream.flush();
    return more;
  }

  encoderDrained(): void {
    this.#owner.bodyDrained();
  }

  encoderFailed(error: unknown): void {
    this.#owner.bodyFailed(error);
  }
}
