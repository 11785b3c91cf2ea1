/**
 * Splits a stream of bytes into lines.
 *
 * @module
 */
import { Buffer } from "node:buffer";

const NEWLINE = 10;

/**
 * Passes each line, without its line feed, to `take`. Lines have no bound, because they come from the parent process.
 */
export function lineSplitter(take: (line: string) => void): (bytes: Uint8Array) => void {
  let begun: Uint8Array[] = [];
  return (bytes) => {
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0) break;
      const rest = bytes.subarray(at, end);
      const line = begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
      begun = [];
      at = end + 1;
      take(Buffer.from(line.buffer, line.byteOffset, line.length).toString("utf8"));
    }
    if (at < bytes.length) begun.push(bytes.subarray(at));
  };
}
