/**
 * A WebSocket that sends back its messages.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { CLOSE, formatFrame, FrameError, FrameReader, type Message, PING, PONG, TEXT } from "./websocket-frame.ts";

const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Value of Sec-WebSocket-Accept (section 4.2.2). */
export function acceptKey(key: string): string {
  return createHash("sha1").update(key + KEY_SUFFIX).digest("base64");
}

/**
 * Serves `socket` after the handshake; `early` are bytes that came with it. The text `whoami` is answered with
 * `description`, other messages with themselves.
 */
export function echoWebSocket(socket: Socket, early: Uint8Array, description: string): void {
  const reader = new FrameReader();
  let closed = false;
  const send = (opcode: number, data: Uint8Array): void => {
    if (!socket.write(formatFrame(opcode, data))) socket.pause();
  };
  const close = (data: Uint8Array): void => {
    if (closed) return;
    closed = true;
    socket.end(formatFrame(CLOSE, data));
  };
  const handle = ({ opcode, data }: Message): void => {
    if (opcode === CLOSE) close(data.subarray(0, 2));
    else if (opcode === PING) send(PONG, data);
    else if (opcode === PONG) return;
    else if (opcode === TEXT && data.toString() === "whoami") send(TEXT, Buffer.from(description));
    else send(opcode, data);
  };
  const receive = (bytes: Uint8Array): void => {
    if (closed) return;
    try {
      for (const message of reader.read(bytes)) handle(message);
    } catch (error) {
      const code = error instanceof FrameError ? error.code : 1011;
      close(Buffer.from([code >> 8, code & 0xff]));
    }
  };
  socket.on("drain", () => socket.resume());
  socket.on("data", receive);
  socket.on("end", () => close(Buffer.alloc(0)));
  if (early.length > 0) receive(early);
}
