/**
 * Buffers what an upstream has sent and its client has not taken: in memory up to a bound, beyond it in a temporary
 * file, which is bounded too. It is empty while the client keeps up (nginx's proxy_buffering, proxy_buffers,
 * proxy_max_temp_file_size).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { read, write } from "node:fs";
import { HeldBytes } from "../held-bytes.ts";
import { closeUnnamed, openUnnamed } from "../unnamed-file.ts";

/** Size of a read from the file, bytes. */
const READ_BYTES = 65536;
/** Bytes that wait for the file, beside those that are being written, before the upstream is paused. */
const MAX_QUEUED_BYTES = 262144;

/** Owner of a buffer: the two sides of the response. */
export interface ResponseBufferOwner {
  /** Passes bytes on to the client; `false`: wait for {@link ResponseBuffer.drained}. */
  bufferWrite(bytes: Uint8Array, start: number, end: number): boolean;
  /** A series of writes is over. */
  bufferFlush(): void;
  /** There is room again, after {@link ResponseBuffer.add} returned false. */
  bufferRoom(): void;
  /** The buffer has become empty. */
  bufferEmpty(): void;
  /** The file failed; the buffer goes on in memory only. */
  bufferFileFailed(error: Error): void;
  /** Buffered bytes cannot be read back, or a write to the client threw. */
  bufferFailed(error: unknown): void;
}

/** Bounds of the buffer of one response. */
export interface BufferLimits {
  /** Bytes in memory; beyond them the file is used, or the upstream is paused. */
  readonly memoryBytes: number;
  /** Bytes in the file; 0: no file. */
  readonly fileBytes: number;
}

/** Buffer of one response. */
export class ResponseBuffer {
  readonly #owner: ResponseBufferOwner;
  readonly #limits: BufferLimits;
  /** The newest bytes, after those in the file. */
  readonly #memory = new HeldBytes();
  /** Bytes between the file and the memory, which could not be written. */
  #unwritten: Uint8Array | null = null;
  #file = -1;
  #fileFailed = false;
  #opening = false;
  #writing = false;
  #reading = false;
  /** Offsets in the file: the next read, and the end of the written bytes. */
  #readAt = 0;
  #written = 0;
  #blocked: boolean;
  #full = false;
  #pumping = false;
  #closed = false;

  /** @param blocked the client takes no bytes now */
  constructor(owner: ResponseBufferOwner, limits: BufferLimits, blocked: boolean) {
    this.#owner = owner;
    this.#limits = limits;
    this.#blocked = blocked;
  }

  /** True when the buffer is empty. */
  get empty(): boolean {
    return this.#memory.empty && this.#unwritten === null && !this.#writing && this.#readAt === this.#written;
  }

  /**
   * Passes bytes on, now or later; `false`: wait for {@link ResponseBufferOwner.bufferRoom}. The caller must not reuse
   * the bytes.
   */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#closed || start === end) return !this.#full;
    if (!this.#blocked && this.empty) {
      this.#blocked = !this.#owner.bufferWrite(bytes, start, end);
      return true;
    }
    this.#memory.add(bytes.subarray(start, end));
    this.#spill();
    this.#full = !this.#hasRoom();
    return !this.#full;
  }

  /** The client takes bytes again. */
  drained(): void {
    this.#blocked = false;
    this.#pump();
  }

  /** Discards the buffered bytes. */
  discard(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.take();
    this.#unwritten = null;
    if (!this.#opening && !this.#writing && !this.#reading) this.#closeFile();
  }

  #closeFile(): void {
    if (this.#file < 0) return;
    const file = this.#file;
    this.#file = -1;
    closeUnnamed(file);
  }

  #hasRoom(): boolean {
    const { memoryBytes } = this.#limits;
    const bound = this.#opening || this.#writing ? Math.max(memoryBytes, MAX_QUEUED_BYTES) : memoryBytes;
    return this.#memory.bytes <= bound;
  }

  /** Passes buffered bytes on, as far as the client takes them. */
  #pump(): void {
    if (this.#pumping || this.#reading || this.empty) return;
    this.#pumping = true;
    while (!this.#blocked && !this.#closed) {
      if (this.#readAt < this.#written) {
        this.#read();
        break;
      }
      if (this.#writing) break;
      this.#readAt = 0;
      this.#written = 0;
      const part = this.#unwritten ?? this.#memory.shift();
      if (part === undefined) break;
      this.#unwritten = null;
      this.#blocked = !this.#owner.bufferWrite(part, 0, part.length);
    }
    this.#pumping = false;
    if (!this.#closed) this.#owner.bufferFlush();
    this.#tell();
  }

  #tell(): void {
    if (this.#closed) return;
    if (this.empty) {
      this.#owner.bufferEmpty();
      if (this.#closed) return;
    }
    if (!this.#full || !this.#hasRoom()) return;
    this.#full = false;
    this.#owner.bufferRoom();
  }

  #read(): void {
    this.#reading = true;
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, this.#written - this.#readAt));
    read(this.#file, buffer, 0, buffer.length, this.#readAt, (error, got) => {
      this.#reading = false;
      if (this.#closed) return this.#writing ? undefined : this.#closeFile();
      if (error !== null || got === 0) {
        this.discard();
        return this.#owner.bufferFailed(error ?? new Error("the temporary file is shorter than it was"));
      }
      this.#readAt += got;
      this.#guard(() => {
        this.#blocked = !this.#owner.bufferWrite(buffer, 0, got);
        this.#owner.bufferFlush();
        // the file is filled from its start again, and there may be more room than before
        if (this.#readAt === this.#written && !this.#writing) this.#spill();
        if (this.#blocked || this.empty) this.#tell();
        else this.#pump();
      });
    });
  }

  /** Writes bytes beyond the memory bound to the file, within its bound. */
  #spill(): void {
    if (this.#memory.bytes <= this.#limits.memoryBytes || this.#fileFailed || this.#unwritten !== null) return;
    if (this.#closed || this.#opening || this.#writing) return;
    if (!this.#reading && this.#readAt === this.#written) {
      this.#readAt = 0;
      this.#written = 0;
    }
    let room = this.#limits.fileBytes - this.#written;
    if (this.#memory.parts[0]!.length > room) return;
    if (this.#file < 0) return this.#open();
    const parts: Uint8Array[] = [];
    for (let next = this.#memory.parts[0]; next !== undefined && next.length <= room; next = this.#memory.parts[0]) {
      room -= next.length;
      parts.push(this.#memory.shift()!);
    }
    this.#writing = true;
    this.#writeFrom(parts.length === 1 ? parts[0]! : Buffer.concat(parts), 0);
  }

  #open(): void {
    this.#opening = true;
    openUnnamed((error, file) => {
      this.#opening = false;
      this.#file = file;
      if (this.#closed) return this.#closeFile();
      if (error !== null) {
        this.#fileFailed = true;
        this.#owner.bufferFileFailed(error);
      }
      this.#guard(() => {
        this.#spill();
        this.#tellRoom();
      });
    });
  }

  #writeFrom(batch: Uint8Array, at: number): void {
    write(this.#file, batch, at, batch.length - at, this.#written, (error, got) => {
      if (this.#closed) {
        this.#writing = false;
        return this.#reading ? undefined : this.#closeFile();
      }
      if (error === null) {
        this.#written += got;
        if (at + got < batch.length) return this.#writeFrom(batch, at + got);
      } else {
        this.#fileFailed = true;
        this.#unwritten = batch.subarray(at);
        this.#owner.bufferFileFailed(error);
      }
      this.#writing = false;
      this.#guard(() => {
        this.#spill();
        if (this.#blocked) this.#tellRoom();
        else this.#pump();
      });
    });
  }

  #tellRoom(): void {
    if (!this.empty) this.#tell();
  }

  /** Runs an event of the file, and reports its exceptions. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.discard();
      this.#owner.bufferFailed(error);
    }
  }
}
