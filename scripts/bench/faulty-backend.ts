/**
 * A backend that fails: the path of a request says how.
 */
import type { Buffer } from "node:buffer";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

const LATER_MS = 20;
const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";

const FAULTS: Readonly<Record<string, (socket: Socket) => void>> = {
  "/reset": (socket) => socket.resetAndDestroy(),
  "/close": (socket) => socket.destroy(),
  "/close-later": (socket) => void setTimeout(() => socket.destroy(), LATER_MS),
  "/half-head": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-"),
  "/rubbish": (socket) => socket.write("rubbish\r\n\r\n"),
  "/short": (socket) => socket.end(`${HEAD}short`),
  "/reset-in-body": (socket) => {
    socket.write(`${HEAD}${"x".repeat(50_000)}`);
    setTimeout(() => socket.resetAndDestroy(), LATER_MS);
  },
  "/too-much": (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more`),
  "/bad-chunk": (socket) => socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"),
  "/never": () => {},
};

/** What can be asked for. Who asks for `/never` has to leave. */
export const FAULTY_PATHS: readonly string[] = Object.keys(FAULTS);

/** One listener on loopback. */
export class FaultyBackend {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static open(): Promise<FaultyBackend> {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes: Buffer) => {
        const path = /^[A-Z]+ ([^ ?]+)[^ ]* HTTP/.exec(bytes.subarray(0, 200).toString("latin1"))?.[1];
        // anything else is the rest of a body
        if (path !== undefined) FAULTS[path]?.(socket);
      });
    });
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(new FaultyBackend(server))));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }
}
