/**
 * Writes a chunk of a request body to an HTTP/1 upstream.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1
 * @module
 */
import type { Socket } from "node:net";
import { latin1Text } from "../../http/mod.ts";

/** Largest chunk that is joined with its framing into one write. */
const MAX_JOINED_BYTES = 16384;

/** Writes the chunk; `false`: the socket is full. */
export function writeChunk(socket: Socket, bytes: Uint8Array, start: number, end: number): boolean {
  const size = `${(end - start).toString(16)}\r\n`;
  if (end - start <= MAX_JOINED_BYTES) return socket.write(`${size}${latin1Text(bytes, start, end)}\r\n`, "latin1");
  socket.cork();
  socket.write(size, "latin1");
  socket.write(bytes.subarray(start, end));
  socket.write("\r\n", "latin1");
  socket.uncork();
  // only the last write tells whether the socket is full
  return !socket.writableNeedDrain;
}
