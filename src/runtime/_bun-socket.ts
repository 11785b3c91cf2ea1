/**
 * A socket of Bun with the part of `node:net`'s Socket that the data plane uses (see {@link Tcp}), without the streams
 * below that.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { BunHandle, BunTlsUpgrade } from "./_bun-handle.ts";

type DataListener = (bytes: Buffer) => void;

/** A TCP or TLS socket. */
export class BunSocket extends EventEmitter {
  #handle: BunHandle | null = null;
  #onData: DataListener | null = null;
  /** Bytes that were received or put back while there is no listener for data. */
  #held: Buffer[] = [];
  #deliveryScheduled = false;
  #paused = false;
  /** Bytes that were written and that the kernel has not taken. */
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  #wantsDrain = false;
  #corked: (string | Uint8Array)[] | null = null;
  #ending = false;
  #finished = false;
  #peerEnded = false;
  #endTold = false;
  #closed = false;
  destroyed = false;

  /** This socket, typed as the `node:net` socket that it replaces. */
  asSocket(): Socket {
    return this as unknown as Socket;
  }

  get remoteAddress(): string | undefined {
    return this.#handle?.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#handle?.remotePort;
  }

  get localAddress(): string | undefined {
    return this.#handle?.localAddress;
  }

  get localPort(): number | undefined {
    return this.#handle?.localPort;
  }

  get writableLength(): number {
    return this.#queued;
  }

  /** True while the kernel's buffer is full; `drain` follows. */
  get writableNeedDrain(): boolean {
    return this.#wantsDrain;
  }

  setNoDelay(_on: boolean): this {
    return this;
  }

  // ---- listeners: data has a field of its own, because it is by far the most frequent event

  override on(event: string, listener: (...args: never[]) => void): this {
    if (event !== "data") return super.on(event, listener as (...args: unknown[]) => void);
    if (this.#onData !== null) throw new TypeError("listen to data: there is a listener");
    this.#onData = listener as unknown as DataListener;
    if (this.#held.length > 0) this.#scheduleDelivery();
    return this;
  }

  override off(event: string, listener: (...args: never[]) => void): this {
    if (event !== "data") return super.off(event, listener as (...args: unknown[]) => void);
    if (this.#onData === listener as unknown) this.#onData = null;
    return this;
  }

  override removeAllListeners(event?: string): this {
    if (event === undefined || event === "data") this.#onData = null;
    if (event !== "data") super.removeAllListeners(event);
    return this;
  }

  // ---- reading

  pause(): this {
    if (!this.#paused) {
      this.#paused = true;
      this.#handle?.pause();
    }
    return this;
  }

  resume(): this {
    if (this.#paused) {
      this.#paused = false;
      this.#handle?.resume();
      if (this.#held.length > 0) this.#scheduleDelivery();
    }
    return this;
  }

  /** Puts bytes back in front of those that come next. */
  unshift(bytes: Buffer): void {
    this.#held.unshift(bytes);
    this.#scheduleDelivery();
  }

  #scheduleDelivery(): void {
    if (this.#deliveryScheduled) return;
    this.#deliveryScheduled = true;
    queueMicrotask(() => {
      this.#deliveryScheduled = false;
      while (this.#held.length > 0 && !this.#paused && this.#onData !== null && !this.destroyed) {
        this.#deliver(this.#held.shift()!);
      }
      if (this.#peerEnded) this.#tellEnd();
    });
  }

  #deliver(bytes: Buffer): void {
    try {
      this.#onData!(bytes);
    } catch (error) {
      throwLater(error);
    }
  }

  #tell(event: string, what?: unknown): void {
    try {
      this.emit(event, what);
    } catch (error) {
      throwLater(error);
    }
  }

  // ---- TLS

  /**
   * Begins the server's side of a TLS handshake. Reads and writes after it carry clear text.
   *
   * @param first bytes of the handshake that have been read
   */
  secure(upgrade: BunTlsUpgrade, first: Uint8Array): void {
    const plain = this.#handle;
    if (this.destroyed || plain === null) return;
    if (this.#peerEnded) return void this.destroy();
    const initialData = this.#held.length === 0 ? first : Buffer.concat([first, ...this.#held]);
    this.#held.length = 0;
    this.resume();
    // The other handle reports the events of the connection too.
    plain.data = OVER;
    try {
      plain.upgradeTLS({ ...upgrade, data: this, initialData });
    } catch (error) {
      throwLater(error);
    }
    if (this.#handle !== plain) return;
    // Bun refused the upgrade.
    plain.data = this;
    this.destroy();
  }

  /** Bun calls it: this handle carries the clear text. */
  secured(handle: BunHandle): void {
    this.#handle = handle;
    if (this.destroyed) handle.close();
  }

  // ---- writing

  cork(): void {
    this.#corked ??= [];
  }

  uncork(): void {
    const parts = this.#corked;
    this.#corked = null;
    if (parts === null || parts.length === 0) return;
    if (parts.length === 1) {
      this.write(parts[0]!);
      return;
    }
    let length = 0;
    for (const part of parts) length += part.length;
    const whole = Buffer.allocUnsafe(length);
    let at = 0;
    for (const part of parts) {
      if (typeof part === "string") at += whole.write(part, at, "latin1");
      else {
        whole.set(part, at);
        at += part.length;
      }
    }
    this.write(whole);
  }

  /**
   * Writes text as latin1, or bytes. `false`: the kernel's buffer is full and `drain` follows; the chunk is taken in
   * any case.
   */
  write(chunk: string | Uint8Array, _encoding?: "latin1"): boolean {
    if (this.#corked !== null) {
      this.#corked.push(chunk);
      return this.#queued === 0;
    }
    const handle = this.#handle;
    if (this.#ending || this.#closed || this.destroyed) return false;
    if (handle === null || this.#queued > 0) {
      this.#enqueue(typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk);
      return false;
    }
    const { length } = chunk;
    const written = typeof chunk === "string" ? handle.write(chunk, "latin1") : handle.write(chunk);
    if (written === length || written < 0) return written >= 0;
    this.#enqueue(typeof chunk === "string" ? Buffer.from(chunk.slice(written), "latin1") : chunk.subarray(written));
    return false;
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    this.#wantsDrain = true;
  }

  #flush(): void {
    const handle = this.#handle!;
    const queue = this.#queue;
    while (queue.length > 0) {
      const first = queue[0]!;
      const written = handle.write(first);
      if (written < 0) return;
      this.#queued -= written;
      if (written < first.length) {
        queue[0] = first.subarray(written);
        return;
      }
      queue.shift();
    }
  }

  // ---- the end

  /** Ends the writing side after what has been written. */
  end(): this {
    if (this.#ending || this.destroyed) return this;
    this.#ending = true;
    if (this.#queued === 0) this.#finish();
    return this;
  }

  #finish(): void {
    if (this.#finished || this.#handle === null) return;
    this.#finished = true;
    this.#handle.shutdown();
    queueMicrotask(() => {
      if (!this.destroyed) this.#tell("finish");
    });
    if (this.#peerEnded) this.destroy();
  }

  /** Closes at once; bytes that wait to be written are lost. */
  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#letGo();
    this.#handle?.close();
    if (this.#handle === null) this.#tellClose();
    return this;
  }

  /** Closes with RST. */
  resetAndDestroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#letGo();
    this.#handle?.terminate();
    if (this.#handle === null) this.#tellClose();
    return this;
  }

  #letGo(): void {
    this.#queue.length = 0;
    this.#queued = 0;
    this.#held.length = 0;
  }

  // ---- from Bun

  opened(handle: BunHandle): void {
    if (this.#handle !== null) return;
    if (this.destroyed) {
      handle.close();
      return;
    }
    this.#handle = handle;
    handle.setNoDelay(true);
    if (this.#paused) handle.pause();
    this.#tell("connect");
    this.writable();
  }

  received(bytes: Uint8Array): void {
    if (this.destroyed) return;
    if (this.#onData !== null && !this.#paused && this.#held.length === 0) this.#deliver(bytes as Buffer);
    else {
      this.#held.push(bytes as Buffer);
      this.#scheduleDelivery();
    }
  }

  /** Bun calls it when the kernel takes bytes again, and now and then without a reason. */
  writable(): void {
    if (this.destroyed || this.#handle === null) return;
    if (this.#queued > 0) this.#flush();
    if (this.#queued > 0) return;
    if (this.#ending) this.#finish();
    else if (this.#wantsDrain) {
      this.#wantsDrain = false;
      this.#tell("drain");
    }
  }

  peerEnded(): void {
    if (this.#peerEnded) return;
    this.#peerEnded = true;
    if (this.#held.length === 0) this.#tellEnd();
  }

  #tellEnd(): void {
    if (this.#endTold || this.destroyed || this.#held.length > 0) return;
    this.#endTold = true;
    this.#tell("end");
    if (this.#finished) this.destroy();
  }

  failed(error: Error): void {
    if (!this.destroyed) this.#tell("error", error);
  }

  /** The connection attempt failed. */
  refused(error: Error): void {
    if (this.destroyed || this.#handle !== null) return;
    this.destroyed = true;
    this.#tell("error", error);
    this.#tellClose();
  }

  closed(error?: Error): void {
    const orderly = this.destroyed;
    this.destroyed = true;
    this.#letGo();
    if (!orderly && error) this.#tell("error", error);
    this.#tellClose();
  }

  #tellClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    queueMicrotask(() => this.#tell("close", false));
  }
}

/** A closed socket, in place of one whose handle has a new owner. */
const OVER = new BunSocket().destroy();

/**
 * Throws outside of Bun's callback: Bun would pass the exception to the socket's error handler, and an internal error
 * would pass for one of the connection.
 */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
