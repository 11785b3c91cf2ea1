/**
 * Parses a chunked body from buffers that are split anywhere. It copies nothing: it gives the ranges of a buffer that
 * are data, and those that can be passed on as they are (all but chunk extensions and trailers).
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1
 * @module
 */

const enum State {
  Size,
  SizeOrEnd,
  Blank,
  Extension,
  SizeLf,
  Data,
  DataCr,
  DataLf,
  TrailerStart,
  LastLf,
  Trailer,
  Done,
}

const MAX_EXTENSION_BYTES = 1024;
/** Longest trailer section, bytes. */
const MAX_TRAILER_BYTES = 8192;
const MAX_SIZE_DIGITS = 12;

const TRAILERS = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/;

/** Parser of one chunked body at a time. */
export class ChunkedTracker {
  /** Start and end of each piece of data in the last buffer, in pairs. */
  readonly data: number[] = [];
  /** Start and end of each part of the last buffer that can be passed on as it is, in pairs. */
  readonly kept: number[] = [];
  /** Bytes of data so far. */
  dataBytes = 0;
  /** Trailer lines as received, each with CRLF; complete when {@link ChunkedTracker.done}. */
  trailers = "";
  /** Why the body was refused; `null` while it is well formed. */
  error: string | null = null;
  #state: State = State.Size;
  #size = 0;
  #digits = 0;
  #extension = 0;

  /** Prepares for the next body. */
  reset(): void {
    this.#state = State.Size;
    this.#size = 0;
    this.#digits = 0;
    this.dataBytes = 0;
    this.trailers = "";
    this.error = null;
    this.data.length = 0;
    this.kept.length = 0;
  }

  /** The last chunk and the trailer section have been read. */
  get done(): boolean {
    return this.#state === State.Done;
  }

  /**
   * Reads `bytes` from `at` to `end`, and returns the offset after the body. It is less than `end` when the body is
   * done, or when {@link ChunkedTracker.error} is set; then it is the offset of the wrong byte.
   */
  feed(bytes: Uint8Array, at: number, end: number): number {
    const { data, kept } = this;
    data.length = 0;
    kept.length = 0;
    let state = this.#state;
    let from = at;
    let i = at;
    while (i < end) {
      if (state === State.Data) {
        const take = Math.min(this.#size, end - i);
        data.push(i, i + take);
        this.dataBytes += take;
        this.#size -= take;
        i += take;
        if (this.#size > 0) break;
        state = State.DataCr;
        continue;
      }
      const byte = bytes[i]!;
      switch (state) {
        case State.Size:
        case State.SizeOrEnd: {
          const digit = hexDigit(byte);
          if (digit >= 0) {
            if (++this.#digits > MAX_SIZE_DIGITS) return this.#refuse("the chunk size is too large", i);
            this.#size = this.#size * 16 + digit;
            state = State.SizeOrEnd;
          } else if (state === State.Size) return this.#refuse("the chunk size is no number", i);
          else if (byte === 13) state = State.SizeLf;
          else if (byte === 0x3b || byte === 32 || byte === 9) {
            if (i > from) kept.push(from, i);
            this.#extension = 0;
            state = byte === 0x3b ? State.Extension : State.Blank;
          } else return this.#refuse("the chunk size is no number", i);
          break;
        }
        case State.Blank:
          // white space before an extension (RFC 9112 section 7.1.1), or after a padded chunk size
          if (byte === 0x3b) state = State.Extension;
          else if (byte === 13) {
            from = i;
            state = State.SizeLf;
          } else if ((byte !== 32 && byte !== 9) || ++this.#extension > MAX_EXTENSION_BYTES) {
            return this.#refuse("the chunk size is no number", i);
          }
          break;
        case State.Extension:
          if (byte === 13) {
            from = i;
            state = State.SizeLf;
          } else if (byte === 10 || byte === 0 || ++this.#extension > MAX_EXTENSION_BYTES) {
            return this.#refuse("the chunk extension is malformed or too long", i);
          }
          break;
        case State.SizeLf:
          if (byte !== 10) return this.#refuse("the chunk size is not followed by CRLF", i);
          state = this.#size === 0 ? State.TrailerStart : State.Data;
          this.#digits = 0;
          break;
        case State.DataCr:
          if (byte !== 13) return this.#refuse("the chunk is not followed by CRLF", i);
          state = State.DataLf;
          break;
        case State.DataLf:
          if (byte !== 10) return this.#refuse("the chunk is not followed by CRLF", i);
          state = State.Size;
          break;
        case State.TrailerStart:
          if (byte === 13) state = State.LastLf;
          else {
            if (i > from) kept.push(from, i);
            state = State.Trailer;
            continue;
          }
          break;
        case State.LastLf:
          if (byte !== 10) return this.#refuse("the last chunk is not followed by CRLF", i);
          this.#state = State.Done;
          kept.push(from, i + 1);
          return i + 1;
        case State.Trailer:
          if (byte === 10 && this.trailers.charCodeAt(this.trailers.length - 1) !== 13) {
            return this.#refuse("a line of the trailer section ends with LF alone", i);
          }
          this.trailers += String.fromCharCode(byte);
          if (this.trailers.length > MAX_TRAILER_BYTES) return this.#refuse("the trailer section is too long", i);
          if (byte === 10 && this.trailers.endsWith("\r\n\r\n")) {
            if (!TRAILERS.test(this.trailers)) return this.#refuse("the trailer section is malformed", i);
            this.trailers = this.trailers.slice(0, -2);
            this.#state = State.Done;
            return i + 1;
          }
          break;
        case State.Done:
          return i;
      }
      i++;
    }
    if (state !== State.Extension && state !== State.Blank && state !== State.Trailer && end > from) {
      kept.push(from, end);
    }
    this.#state = state;
    return end;
  }

  #refuse(message: string, at: number): number {
    this.error = message;
    return at;
  }
}

/** 0 to 15, or -1. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
