/**
 * A request body that is read completely before an upstream gets it: in memory up to a bound, beyond it in an unnamed
 * temporary file. It can be sent several times.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { read, write } from "node:fs";
import { latin1Text } from "../../http/mod.ts";
import { HeldBytes } from "../held-bytes.ts";
import { closeUnnamed, openUnnamed } from "../unnamed-file.ts";

/** Size of a read from the file, bytes. */
const READ_BYTES = 65536;
/** Bytes that wait for the file before the client is paused. */
const MAX_QUEUED_BYTES = 262144;

/** Owner of a spool, which fills it. */
export interface SpoolOwner {
  /** The file is slower than the client: the owner pauses. */
  spoolFull(): void;
  spoolDrained(): void;
  /** The body is complete. */
  spoolReady(): void;
  /** The file cannot be written or read. */
  spoolFailed(error: Error): void;
  /** A function above, or the reader, threw in an event of the file: an internal error. */
  crashed(error: unknown): void;
}

/** Takes the body from a spool. */
export interface SpoolReader {
  /**
   * Takes bytes. `false`: wait for {@link BodySpool.resume}. The reader owns the buffer until {@link
   * SpoolReader.spoolTaken}.
   */
  spoolData(bytes: Uint8Array): boolean;
  /** All buffers passed so far can be reused. */
  readonly spoolTaken: boolean;
  spoolEnd(): void;
}

/** Spool of one body. */
export class BodySpool {
  /** Length of the body so far, bytes. */
  bytes = 0;
  readonly #owner: SpoolOwner;
  readonly #limitBytes: number;
  /** Bytes that are not in the file: the whole body, or those that wait to be written. */
  readonly #memory = new HeldBytes();
  #file = -1;
  #opening = false;
  #spilled = false;
  #writing = false;
  #full = false;
  #complete = false;
  #closed = false;
  #reader: SpoolReader | null = null;
  #readAt = 0;
  #reading = false;
  /** Read buffer; it is reused while the reader takes its bytes in time. */
  #readBuffer: Buffer | null = null;
  /** File offset up to which the body is written. */
  #written = 0;

  constructor(owner: SpoolOwner, limitBytes: number) {
    this.#owner = owner;
    this.#limitBytes = limitBytes;
  }

  /** The whole body is in memory. */
  get inMemory(): boolean {
    return !this.#spilled;
  }

  /** Adds a part. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
    this.#memory.add(bytes.subarray(start, end));
    if (!this.#spilled && this.bytes > this.#limitBytes) {
      this.#spilled = true;
      this.#open();
    } else if (this.#spilled) this.#write();
    if (this.#spilled && this.#memory.bytes > MAX_QUEUED_BYTES && !this.#full) {
      this.#full = true;
      this.#owner.spoolFull();
    }
  }

  /** Ends the body; {@link SpoolOwner.spoolReady} follows, at once when everything is in memory. */
  complete(): void {
    this.#complete = true;
    if (!this.#spilled) this.#owner.spoolReady();
    else if (!this.#opening && !this.#writing && this.#memory.empty) this.#owner.spoolReady();
  }

  /** Returns the body with one char a byte; only for a body in memory. */
  text(): string {
    let text = "";
    for (const part of this.#memory.parts) text += latin1Text(part, 0, part.length);
    return text;
  }

  /** Sends the body from its start. One reader at a time; a new one replaces the former. */
  read(reader: SpoolReader): void {
    this.#reader = reader;
    this.#readAt = 0;
    if (this.#spilled) return this.resume();
    for (const part of this.#memory.parts) {
      if (this.#reader !== reader) return;
      reader.spoolData(part);
    }
    if (this.#reader === reader) reader.spoolEnd();
  }

  /** Resumes after the reader returned false. */
  resume(): void {
    const reader = this.#reader;
    if (reader === null || !this.#spilled || this.#reading || this.#closed) return;
    if (this.#readAt >= this.bytes) {
      this.#reader = null;
      return reader.spoolEnd();
    }
    this.#reading = true;
    const wanted = Math.min(READ_BYTES, this.bytes - this.#readAt);
    const reused = this.#readBuffer !== null && reader.spoolTaken;
    const buffer = this.#readBuffer = reused ? this.#readBuffer! : Buffer.allocUnsafeSlow(wanted);
    read(this.#file, buffer, 0, Math.min(wanted, buffer.length), this.#readAt, (error, got) => {
      this.#reading = false;
      if (this.#closed) return this.#closeFile();
      // a new reader has begun at the start in the meantime
      if (this.#reader !== reader) return this.#guard(() => this.resume());
      if (error !== null || got === 0) {
        return this.#fail(error ?? new Error("the temporary file is shorter than it was"));
      }
      this.#readAt += got;
      this.#guard(() => {
        if (reader.spoolData(got === buffer.length ? buffer : buffer.subarray(0, got))) this.resume();
      });
    });
  }

  /** Stops sending. */
  stop(): void {
    this.#reader = null;
  }

  /** Discards the body. */
  discard(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader = null;
    this.#memory.take();
    if (!this.#writing && !this.#reading && !this.#opening) this.#closeFile();
  }

  #closeFile(): void {
    if (this.#file < 0) return;
    const file = this.#file;
    this.#file = -1;
    closeUnnamed(file);
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.discard();
    this.#guard(() => this.#owner.spoolFailed(error));
  }

  /** Runs an event of the file, and reports its exceptions. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.discard();
      this.#owner.crashed(error);
    }
  }

  #open(): void {
    this.#opening = true;
    openUnnamed((error, file) => {
      this.#opening = false;
      if (error !== null) return this.#fail(error);
      this.#file = file;
      if (this.#closed) return this.#closeFile();
      this.#write();
    });
  }

  #write(): void {
    if (this.#opening || this.#writing || this.#closed || this.#memory.empty) return;
    this.#writing = true;
    const parts = this.#memory.take();
    const batch = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    this.#writeFrom(batch, 0);
  }

  #writeFrom(batch: Uint8Array, at: number): void {
    write(this.#file, batch, at, batch.length - at, this.#written, (error, got) => {
      if (this.#closed) {
        this.#writing = false;
        return this.#closeFile();
      }
      if (error !== null) {
        this.#writing = false;
        return this.#fail(error);
      }
      this.#written += got;
      if (at + got < batch.length) return this.#writeFrom(batch, at + got);
      this.#writing = false;
      if (!this.#memory.empty) this.#write();
      this.#guard(() => this.#tellWritten());
    });
  }

  #tellWritten(): void {
    if (this.#full && this.#memory.bytes <= MAX_QUEUED_BYTES) {
      this.#full = false;
      this.#owner.spoolDrained();
    }
    if (this.#complete && !this.#writing && !this.#closed) this.#owner.spoolReady();
  }
}
