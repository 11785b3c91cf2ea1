/**
 * One chunk of a request's body on its way to an HTTP/1 upstream.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-7.1
 * @module
 */
import type { Socket } from "node:net";
import { latin1Text } from "../../http/mod.ts";

/** A chunk up to this size goes into one write with its framing. */
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
  // only now it shows
  return !socket.writableNeedDrain;
}
