/**
 * What the readers of HTTP/1.1 make of bytes, as text: one line an event, offsets from the first byte.
 *
 * @module
 */
import {
  CHUNKED,
  type HeadError,
  INCOMPLETE,
  latin1Text,
  REFUSED,
  RequestHead,
  type RequestLimits,
  RequestReader,
  ResponseHead,
  ResponseReader,
  UNTIL_CLOSE,
} from "../../src/http/mod.ts";

/** Limits of ingress-nginx. */
export const LIMITS: RequestLimits = {
  maxLineBytes: 8192,
  maxHeadBytes: 32768,
  maxFields: 128,
  dropUnderscores: true,
};

/** Collects events; data that follows data is joined, so that the log does not depend on how bytes were split. */
class Log {
  readonly lines: string[] = [];
  #from = -1;
  #to = -1;
  #text = "";

  add(line: string): void {
    this.flush();
    this.lines.push(line);
  }

  data(bytes: Uint8Array, base: number, ranges: readonly number[]): void {
    for (let i = 0; i < ranges.length; i += 2) {
      const [start, end] = [ranges[i]!, ranges[i + 1]!];
      if (start === end) continue;
      if (this.#to !== base + start) this.flush();
      if (this.#from < 0) this.#from = base + start;
      this.#to = base + end;
      this.#text += latin1Text(bytes, start, end);
    }
  }

  flush(): void {
    if (this.#from >= 0) this.lines.push(`${this.#from}..${this.#to} data ${JSON.stringify(this.#text)}`);
    this.#from = -1;
    this.#text = "";
  }

  error(base: number, error: HeadError): void {
    this.add(`${base + error.offset} error ${error.kind}: ${error.message}`);
  }

  fields(fields: Iterable<readonly [string, string]>): void {
    for (const [name, value] of fields) this.add(`  ${name}: ${JSON.stringify(value)}`);
  }

  trailers(text: string): void {
    if (text !== "") this.add(`  trailers ${JSON.stringify(text)}`);
  }
}

function framing(bytes: number): string {
  return bytes === CHUNKED ? "chunked" : bytes === UNTIL_CLOSE ? "until close" : String(bytes);
}

/** What both readers have, once a head has been read. */
interface Reader {
  readonly data: readonly number[];
  readonly error: HeadError | null;
  readonly bodyDone: boolean;
  readonly trailers: string;
  readonly started: boolean;
  readBody(bytes: Uint8Array, at: number): number;
  next(): void;
}

interface Direction {
  readonly reader: Reader;
  readHead(bytes: Uint8Array, at: number): number;
  /** The start-line and the framing of the head just read. */
  describe(): string;
  fields(): Iterable<readonly [string, string]>;
  /** Where offsets of errors in a body are counted from, given where the body and the bytes at hand begin. */
  bodyOrigin(bodyStart: number, base: number): number;
  /** What the end of the connection makes of a body that is not done. */
  atEnd(): "end" | "incomplete";
}

/** Reads messages out of `parts`; the connection ends behind them. */
function logOf(parts: readonly Uint8Array[], direction: Direction): string[] {
  const log = new Log();
  const { reader } = direction;
  let base = 0;
  let start = 0;
  let bodyStart = 0;
  let inBody = false;
  for (const part of parts) {
    let at = 0;
    while (at < part.length) {
      if (!inBody) {
        const end = direction.readHead(part, at);
        if (end === INCOMPLETE) break;
        if (end === REFUSED) {
          log.error(start, reader.error!);
          return log.lines;
        }
        log.add(`${start}..${base + end} ${direction.describe()}`);
        log.fields(direction.fields());
        at = end;
        bodyStart = base + end;
        inBody = true;
      }
      if (!reader.bodyDone && at < part.length) {
        const end = reader.readBody(part, at);
        log.data(part, base, reader.data);
        if (end === REFUSED) {
          log.error(direction.bodyOrigin(bodyStart, base), reader.error!);
          return log.lines;
        }
        at = end;
      }
      if (reader.bodyDone) {
        log.flush();
        log.trailers(reader.trailers);
        log.add(`${base + at} end`);
        reader.next();
        inBody = false;
        start = base + at;
      }
    }
    base += part.length;
  }
  log.flush();
  if (inBody) log.add(`${base} ${direction.atEnd()}`);
  else if (reader.started) log.add(`${base} incomplete`);
  return log.lines;
}

/** Reads requests out of `parts`, which are the bytes in pieces. */
export function requestLog(parts: readonly Uint8Array[], limits: RequestLimits = LIMITS): string[] {
  const head = new RequestHead();
  const reader = new RequestReader(head);
  return logOf(parts, {
    reader,
    readHead: (bytes, at) => reader.readHead(bytes, at, limits),
    describe: () => {
      const flags = (head.keepAlive ? "" : " close") + (head.upgrade ? " upgrade" : "") +
        (head.expectsContinue ? " expect" : "");
      const authority = head.authority || "nobody";
      return `${head.method} ${head.target} HTTP/1.${head.minorVersion} of ${authority}, body ` +
        framing(head.bodyBytes) + flags;
    },
    fields: () => head,
    bodyOrigin: (bodyStart) => bodyStart,
    atEnd: () => "incomplete",
  });
}

/** Reads responses out of `parts`; the connection ends behind them. */
export function responseLog(parts: readonly Uint8Array[], toHead = false, maxHeadBytes = 4096): string[] {
  const head = new ResponseHead();
  const reader = new ResponseReader(head);
  return logOf(parts, {
    reader,
    readHead: (bytes, at) => reader.readHead(bytes, at, maxHeadBytes, toHead),
    describe: () =>
      `${head.statusLine().trimEnd()}, body ${framing(reader.bodyBytes)}${head.keepAlive ? "" : " close"}`,
    fields: () => head,
    // counted within the buffer
    bodyOrigin: (_bodyStart, base) => base,
    atEnd: () => reader.endOfStream() ? "end" : "incomplete",
  });
}

/** The bytes in one piece, in two at every place, and one by one. */
export function* splits(bytes: Uint8Array): Generator<readonly Uint8Array[]> {
  yield [bytes];
  for (let i = 1; i < bytes.length; i++) yield [bytes.subarray(0, i), bytes.subarray(i)];
  yield Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}
