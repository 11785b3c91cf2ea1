/**
 * Input of a client: passed on at once, or held until it is wanted; the socket is paused when much is held.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** Bytes that are held before the socket is paused. */
const MAX_HELD_BYTES = 65536;

/** The owner wants no more bytes now. */
export const HOLD = -1;

/** Takes received bytes. */
export interface InputOwner {
  /**
   * Takes bytes of `bytes`, beginning at `at`. Returns the offset after them, or {@link HOLD}: the rest waits for
   * {@link ClientInput.resume}.
   */
  take(bytes: Buffer, at: number): number;
}

/** Input of one connection. */
export class ClientInput {
  readonly #socket: Socket;
  readonly #owner: InputOwner;
  /** Bytes that were received and not passed on. */
  #held: Buffer | null = null;
  #pumping = false;
  #paused = false;

  constructor(socket: Socket, owner: InputOwner) {
    this.#socket = socket;
    this.#owner = owner;
  }

  /** True when no bytes are held. */
  get empty(): boolean {
    return this.#held === null;
  }

  received(bytes: Buffer): void {
    if (this.#held !== null) this.#hold(Buffer.concat([this.#held, bytes]));
    else this.#pump(bytes);
  }

  #hold(bytes: Buffer): void {
    this.#held = bytes;
    if (bytes.length > MAX_HELD_BYTES) this.pause();
  }

  #pump(bytes: Buffer): void {
    this.#pumping = true;
    let at = 0;
    while (at < bytes.length) {
      const end = this.#owner.take(bytes, at);
      if (end === HOLD) {
        this.#pumping = false;
        return this.#hold(at === 0 ? bytes : bytes.subarray(at));
      }
      at = end;
    }
    this.#pumping = false;
  }

  /** Pauses the socket. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  /**
   * Passes held bytes on, then resumes the socket. It does nothing during a call of {@link InputOwner.take}, which
   * continues by itself.
   */
  resume(): void {
    if (this.#pumping) return;
    const held = this.#held;
    if (held !== null) {
      this.#held = null;
      this.#pump(held);
    }
    if (this.#held === null) this.#flow();
  }

  /** Discards held bytes, and resumes the socket. */
  drain(): void {
    this.#held = null;
    this.#flow();
  }

  /** The connection is closed: discards held bytes. */
  close(): void {
    this.#held = null;
    this.#paused = false;
  }

  #flow(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }
}
