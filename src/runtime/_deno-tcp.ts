/**
 * {@link Tcp} on Deno: `node:net`, with a watch over its listeners. A listener of Deno 2.9 that ran out of descriptors
 * never accepts again and reports no error; the kernel goes on to take connections for it, which hang.
 *
 * @module
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { nodeTcp } from "./_node-tcp.ts";
import type { Tcp, TcpListener, TcpListenOptions } from "./tcp.ts";

/** Interval of the check for listeners that accept nothing. */
const LOOK_MS = 1_000;
/** Listeners with fewer connections are not checked: they use up no descriptors. */
const MIN_ACCEPTED = 32;
/** Bytes of the kernel's table that are read; listening sockets come first. */
const TABLE_BYTES = 65_536;
/** `TCP_LISTEN` of the kernel. */
const LISTENING = "0A";

/** TCP on Deno. */
export const denoTcp: Tcp = {
  listen: async (options, accept, failed) => {
    const listener = new WatchedListener(options, accept, failed);
    await listener.open(options.port);
    return listener;
  },
  connect: nodeTcp.connect,
};

class WatchedListener implements TcpListener {
  port = 0;
  readonly #options: TcpListenOptions;
  readonly #accept: (socket: Socket) => void;
  readonly #failed: (error: Error) => void;
  #server: Server | null = null;
  #accepted = 0;
  /** Value of {@link WatchedListener.#accepted} at the last check. */
  #acceptedBefore = 0;
  /** At the last check connections waited, and none had been accepted since the one before. */
  #stuck = false;
  #timer: ReturnType<typeof setInterval> | null = null;
  #closed = false;

  constructor(options: TcpListenOptions, accept: (socket: Socket) => void, failed: (error: Error) => void) {
    this.#options = options;
    this.#accept = accept;
    this.#failed = failed;
  }

  open(port: number): Promise<void> {
    const { address, backlog, reusePort } = this.#options;
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.#accepted++;
      this.#accept(socket);
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port, backlog, ...(reusePort ? { reusePort } : {}) }, () => {
        server.off("error", reject);
        server.on("error", this.#failed);
        if (this.#closed) server.close();
        this.#server = server;
        this.port = (server.address() as AddressInfo).port;
        this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
        resolve();
      });
    });
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#server?.close();
    this.#server = null;
  }

  #look(): void {
    const idle = this.#accepted === this.#acceptedBefore;
    this.#acceptedBefore = this.#accepted;
    if (this.#server === null) return this.#reopen();
    const waits = idle && this.#accepted >= MIN_ACCEPTED && connectionsWait(this.port);
    if (waits && this.#stuck) {
      this.#server.close();
      this.#server = null;
      this.#failed(new Error("it accepted no connection any more, and is opened again"));
      this.#reopen();
    }
    this.#stuck = waits;
  }

  /** Opens the listener again; the next check tries again when no descriptor is free. */
  #reopen(): void {
    this.open(this.port).catch(() => {});
  }
}

/**
 * True when this process has a listening socket on `port` with connections that wait to be accepted. False where that
 * is unknown.
 */
function connectionsWait(port: number): boolean {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readStart(table).split("\n")) {
      // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
      const [, local = "", , state, queues = "", , , , , inode = ""] = line.trim().split(/\s+/);
      if (state !== LISTENING || Number.parseInt(local.slice(local.indexOf(":") + 1), 16) !== port) continue;
      if (Number.parseInt(queues.slice(queues.indexOf(":") + 1), 16) > 0) inodes.add(`socket:[${inode}]`);
    }
  }
  // other processes may listen on the same port
  return inodes.size > 0 && ownDescriptors().some((target) => inodes.has(target));
}

function readStart(file: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const bytes = new Uint8Array(TABLE_BYTES);
    let length = 0;
    for (let got = -1; got !== 0 && length < TABLE_BYTES; length += got) {
      got = readSync(descriptor, bytes, length, TABLE_BYTES - length, null);
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } catch {
    // there is no such table, or no descriptor to read it with
    return "";
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function ownDescriptors(): string[] {
  try {
    return readdirSync("/proc/self/fd").map((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`);
      } catch {
        return "";
      }
    });
  } catch {
    return [];
  }
}
