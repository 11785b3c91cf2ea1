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

/** Reads requests out of `parts`, which are the bytes in pieces. */
export function requestLog(parts: readonly Uint8Array[], limits: RequestLimits = LIMITS): string[] {
  const log = new Log();
  const reader = new RequestReader(new RequestHead());
  let base = 0;
  let start = 0;
  let bodyStart = 0;
  let inBody = false;
  for (const part of parts) {
    let at = 0;
    while (at < part.length) {
      if (!inBody) {
        const end = reader.readHead(part, at, limits);
        if (end === INCOMPLETE) break;
        if (end === REFUSED) {
          log.error(start, reader.error!);
          return log.lines;
        }
        const { head } = reader;
        const flags = [
          head.keepAlive ? "" : " close",
          head.upgrade ? " upgrade" : "",
          head.expectsContinue ? " expect" : "",
        ];
        log.add(
          `${start}..${base + end} ${head.method} ${head.target} HTTP/1.${head.minorVersion} of ${
            head.authority || "nobody"
          }, body ${framing(head.bodyBytes)}${flags.join("")}`,
        );
        log.fields(head);
        at = end;
        bodyStart = base + end;
        inBody = true;
      }
      if (!reader.bodyDone && at < part.length) {
        const end = reader.readBody(part, at);
        log.data(part, base, reader.data);
        if (end === REFUSED) {
          log.error(bodyStart, reader.error!);
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
  if (inBody || reader.started) log.add(`${base} incomplete`);
  return log.lines;
}

/** Reads responses out of `parts`; the connection ends behind them. */
export function responseLog(parts: readonly Uint8Array[], toHead = false, maxHeadBytes = 4096): string[] {
  const log = new Log();
  const reader = new ResponseReader(new ResponseHead());
  let base = 0;
  let start = 0;
  let inBody = false;
  for (const part of parts) {
    let at = 0;
    while (at < part.length) {
      if (!inBody) {
        const end = reader.readHead(part, at, maxHeadBytes, toHead);
        if (end === INCOMPLETE) break;
        if (end === REFUSED) {
          log.error(start, reader.error!);
          return log.lines;
        }
        const { head } = reader;
        log.add(
          `${start}..${base + end} ${head.statusLine().trimEnd()}, body ${framing(reader.bodyBytes)}${
            head.keepAlive ? "" : " close"
          }`,
        );
        log.fields(head);
        at = end;
        inBody = true;
      }
      if (!reader.bodyDone && at < part.length) {
        const end = reader.readBody(part, at);
        log.data(part, base, reader.data);
        if (end === REFUSED) {
          // counted within the buffer
          log.error(base, reader.error!);
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
  if (inBody) log.add(`${base} ${reader.endOfStream() ? "end" : "incomplete"}`);
  else if (reader.started) log.add(`${base} incomplete`);
  return log.lines;
}

/** The bytes in one piece, in two at every place, and one by one. */
export function* splits(bytes: Uint8Array): Generator<readonly Uint8Array[]> {
  yield [bytes];
  for (let i = 1; i < bytes.length; i++) yield [bytes.subarray(0, i), bytes.subarray(i)];
  yield Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}
