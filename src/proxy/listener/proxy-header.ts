/**
 * Reads the PROXY protocol header before HTTP or TLS, and puts the bytes after it back.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { parseProxyHeader, type ProxyAddresses } from "../../net/mod.ts";
import { Timed } from "../deadline-wheel.ts";
import type { WireCore } from "../exchange/mod.ts";

/** Reader of one connection's header. */
export class ProxyHeaderReader extends Timed {
  readonly #core: WireCore;
  readonly #socket: Socket;
  readonly #done: (addresses: ProxyAddresses | null) => void;
  #bytes: Buffer = Buffer.alloc(0);
  readonly #onData = (bytes: Buffer): void => this.#received(bytes);
  readonly #onClose = (): void => this.#stop();
  // the two sides of a socket end separately
  readonly #onEnd = (): void => void this.#socket.destroy();

  /**
   * @param done called with the addresses, `null` when those of the socket hold; not called when the header is malformed
   */
  constructor(core: WireCore, socket: Socket, done: (addresses: ProxyAddresses | null) => void) {
    super(core.wheel);
    this.#core = core;
    this.#socket = socket;
    this.#done = done;
    this.setDeadline(core.settings.headerTimeoutMs);
    socket.on("data", this.#onData);
    socket.on("close", this.#onClose);
    socket.on("end", this.#onEnd);
    socket.on("error", ignore);
  }

  #received(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    // the parser bounds an incomplete header
    const header = parseProxyHeader(this.#bytes);
    if (header.kind === "incomplete") return;
    this.#stop();
    if (header.kind === "invalid") {
      this.#core.logger.warning("a connection without a PROXY protocol header was closed", {
        peer: this.#socket.remoteAddress,
        error: header.message,
      });
      this.#socket.destroy();
      return;
    }
    const rest = this.#bytes.subarray(header.bytes);
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#done(header.addresses);
    this.#socket.resume();
  }

  #stop(): void {
    this.stopTiming();
    this.#socket.off("data", this.#onData);
    this.#socket.off("close", this.#onClose);
    this.#socket.off("end", this.#onEnd);
  }

  override expired(): void {
    this.#stop();
    this.#socket.destroy();
  }
}

function ignore(): void {}
