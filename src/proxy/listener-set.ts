/**
 * Keeps the open ports equal to the wanted ones: opens and closes the difference, and tries again what cannot be
 * opened.
 *
 * @module
 */
import type { Clock, Logger } from "../observe/mod.ts";
import type { Listener } from "../snapshot/snapshot.ts";
import { ListenError } from "./listen-error.ts";

/** An open port. */
export interface OpenPort {
  readonly port: number;
  close(): void;
}

/** A listener whose port cannot be opened, as plain data. */
export interface ListenFailure {
  readonly listener: Listener;
  /** Error code as in Node, e.g. `EADDRINUSE`; `SAME_PORT`: another listener has the port. */
  readonly code: string;
  readonly message: string;
}

/** Options of a set. */
export interface ListenerSetOptions {
  /** Opens a port. `current` returns the listener at that moment; its port and address stay, the rest may change. */
  readonly open: (listener: Listener, current: () => Listener) => Promise<OpenPort>;
  /**
   * True when there is a handler for the protocol of the listener. An open port whose listener changes to one without
   * is closed.
   */
  readonly speaks?: (listener: Listener) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a port was opened or closed, cannot be opened, or is no longer wanted. */
  readonly changed?: () => void;
}

const SAME_PORT = "SAME_PORT";
/** Time before a port that cannot be opened is tried again, milliseconds. */
const RETRY_MS = 2_000;

interface Place {
  listener: Listener;
  open: OpenPort | null;
  failure: ListenError | null;
  cancelRetry: () => void;
  wanted: boolean;
}

/** Key of an open port: a listener that changes in anything else keeps its port open. */
export function placeOf({ protocol, address, port, name }: Listener): string {
  return `${protocol === "udp" ? "udp" : "tcp"} ${address} ${port === 0 ? `any for ${name}` : port}`;
}

/** One for each process that listens. */
export class ListenerSet {
  readonly #options: ListenerSetOptions;
  readonly #places = new Map<string, Place>();
  #conflicts: readonly ListenFailure[] = [];

  constructor(options: ListenerSetOptions) {
    this.#options = options;
  }

  /** Takes over the wanted listeners; resolves when each port is open or has been tried once. */
  async update(wanted: readonly Listener[]): Promise<void> {
    const byPlace = new Map<string, Listener>();
    const conflicts: ListenFailure[] = [];
    const { logger, speaks = () => true } = this.#options;
    for (const listener of wanted) {
      const other = byPlace.get(placeOf(listener));
      if (other === undefined) byPlace.set(placeOf(listener), listener);
      else conflicts.push({ listener, code: SAME_PORT, message: `listener "${other.name}" has the same port` });
    }
    const known = new Set(this.#conflicts.map(textOf));
    let changed = known.size !== conflicts.length;
    for (const conflict of conflicts) {
      if (known.has(textOf(conflict))) continue;
      changed = true;
      const { name, port } = conflict.listener;
      logger.error("two listeners have the same port", { listener: name, port, error: conflict.message });
    }
    this.#conflicts = conflicts;
    for (const [key, place] of this.#places) {
      const next = byPlace.get(key);
      if (next !== undefined && (place.open === null || speaks(next))) continue;
      this.#close(key, place);
      changed = true;
    }
    const opening: Promise<void>[] = [];
    for (const [key, listener] of byPlace) {
      const known = this.#places.get(key);
      if (known !== undefined) known.listener = listener;
      else opening.push(this.#add(key, listener));
    }
    if (changed) this.#options.changed?.();
    await Promise.all(opening);
  }

  /** Number of the open port of a listener; `undefined`: it is not open. */
  port(name: string): number | undefined {
    for (const { listener, open } of this.#places.values()) if (listener.name === name) return open?.port;
    return undefined;
  }

  /** Numbers of all open ports, by {@link placeOf}. */
  get ports(): Readonly<Record<string, number>> {
    const ports: Record<string, number> = {};
    for (const [key, { open }] of this.#places) if (open !== null) ports[key] = open.port;
    return ports;
  }

  get failures(): readonly ListenFailure[] {
    const failures = [...this.#conflicts];
    for (const { listener, failure } of this.#places.values()) {
      if (failure !== null) failures.push({ listener, code: failure.code, message: failure.message });
    }
    return failures;
  }

  /** Closes all ports; connections stay open. */
  close(): void {
    for (const [key, place] of this.#places) this.#close(key, place);
  }

  #close(key: string, place: Place): void {
    this.#places.delete(key);
    place.wanted = false;
    place.cancelRetry();
    place.open?.close();
  }

  async #add(key: string, listener: Listener): Promise<void> {
    const place: Place = { listener, open: null, failure: null, cancelRetry: () => {}, wanted: true };
    this.#places.set(key, place);
    await this.#tryOpen(place);
  }

  async #tryOpen(place: Place): Promise<void> {
    const { open, clock, logger, changed } = this.#options;
    const shown = (): { listener: string; address: string; port: number; protocol: string } => {
      const { name, address, port, protocol } = place.listener;
      return { listener: name, address: address === "" ? "all" : address, port, protocol };
    };
    try {
      const opened = await open(place.listener, () => place.listener);
      if (!place.wanted) return opened.close();
      place.open = opened;
      if (place.failure !== null) logger.info("a port that could not be opened is open now", shown());
      place.failure = null;
    } catch (error) {
      if (!place.wanted) return;
      const failure = listenError(error, place.listener.port);
      if (place.failure?.message !== failure.message) {
        logger.error("cannot listen on a port: it is tried again", { ...shown(), error: failure.message });
      }
      place.failure = failure;
      place.cancelRetry = clock.after(RETRY_MS, () => void this.#tryOpen(place));
    }
    changed?.();
  }
}

function listenError(error: unknown, port: number): ListenError {
  if (error instanceof ListenError) return error;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
  return new ListenError(code, error instanceof Error ? error.message : String(error), port);
}

function textOf({ listener, message }: ListenFailure): string {
  return `${listener.name}: ${message}`;
}
