/**
 * What a client sends: handed on at once, or held back until somebody wants it, the socket paused meanwhile when it is
 * much.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** Bytes held back before the socket is paused. */
const MAX_HELD_BYTES = 65536;

/** Nothing more is wanted now. */
export const HOLD = -1;

/** Takes what is received. */
export interface InputOwner {
  /**
   * Takes what it can use of `bytes` from `at` on. Returns the offset after it, or {@link HOLD}: the rest waits for
   * {@link ClientInput.resume}.
   */
  take(bytes: Buffer, at: number): number;
}

/** The input of one connection. */
export class ClientInput {
  readonly #socket: Socket;
  readonly #owner: InputOwner;
  /** Received but not looked at yet. */
  #held: Buffer | null = null;
  #pumping = false;
  #paused = false;

  constructor(socket: Socket, owner: InputOwner) {
    this.#socket = socket;
    this.#owner = owner;
  }

  /** Nothing is held back. */
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

  /** Lets nothing more come from the socket. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  /** Hands on what was held back, then lets the socket go on; what is being handed on just now goes on by itself. */
  resume(): void {
    if (this.#pumping) return;
    const held = this.#held;
    if (held !== null) {
      this.#held = null;
      this.#pump(held);
    }
    if (this.#held === null) this.#flow();
  }

  /** Throws away what was held back and lets the socket go on. */
  drain(): void {
    this.#held = null;
    this.#flow();
  }

  /** The connection is closed: throws away what was held back. */
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
