/**
 * `large_client_header_buffers number size`: longest line of a request's head, and how many such lines it may be long.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers
 * @module
 */
import { parseByteSize } from "../../unit/mod.ts";
import type { DirectiveModule } from "./directive.ts";

/** Longest head of one host, bytes; heads are in memory until they are complete. */
const MAX_HEAD_BYTES = 512 * 1024;
/** Shorter lines than this would refuse what every client sends. */
const MIN_LINE_BYTES = 256;

export const largeClientHeaderBuffers: DirectiveModule = {
  name: "large_client_header_buffers",
  contexts: ["server"],
  words: [2, 2],
  read(directive, reader) {
    const [number, size] = directive.words;
    const count = Number(number!.text);
    if (!/^[0-9]{1,9}$/.test(number!.text) || count < 1) reader.fail(number!, `"${number!.text}": a count expected`);
    const bytes = parseByteSize(size!.text);
    if (bytes === undefined || bytes < 1) return reader.fail(size!, `"${size!.text}": a size such as 8k expected`);
    const lineBytes = Math.min(Math.max(bytes, MIN_LINE_BYTES), MAX_HEAD_BYTES);
    const lines = Math.min(count, Math.floor(MAX_HEAD_BYTES / lineBytes));
    if (lineBytes !== bytes || lines !== count) {
      reader.note(
        directive,
        `large_client_header_buffers of a host: a line of ${MIN_LINE_BYTES} bytes at least, and 512k in all at most`,
        `${lines} of ${lineBytes} bytes hold`,
      );
    }
    reader.setting({ kind: "large_client_header_buffers", count: lines, bytes: lineBytes });
  },
};
