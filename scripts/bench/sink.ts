/**
 * Reads the bodies of requests and throws them away: `sink.ts PORT`. It knows Content-Length only, and one request at a
 * time on a connection, which is what proxies send.
 */
import type { Buffer } from "node:buffer";
import { createServer } from "node:net";
import process from "node:process";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

createServer({ noDelay: true }, (socket) => {
  let head = "";
  let left = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes: Buffer) => {
    if (left === 0) {
      head += bytes.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      left = Number(head.match(/\r\ncontent-length: *(\d+)/i)?.[1] ?? 0) - (head.length - end - 4);
      head = "";
    } else left -= bytes.length;
    if (left <= 0) {
      left = 0;
      socket.write(ANSWER, "latin1");
    }
  });
}).listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 511 });
