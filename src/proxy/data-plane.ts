/**
 * The data plane as the rest of the program sees it: fed by snapshot updates, it listens, proxies, logs and counts. It
 * depends on nothing but the snapshot, so it runs as well in a worker process fed over IPC.
 *
 * @module
 */
import type { Logger } from "../observe/logger.ts";
import type { SnapshotUpdate } from "../snapshot/snapshot.ts";

/** What a data plane is made with. */
export interface DataPlaneOptions {
  readonly logger: Logger;
  /**
   * Takes access log lines when access-log-path is `stdout` (whole lines, UTF-8, at most some 64 KB a call); resolves
   * when they are written. Default: the standard output of the process.
   */
  readonly accessLog?: (lines: Uint8Array) => Promise<void>;
}

/** Where to listen. */
export interface ListenOptions {
  /** IP address; `0.0.0.0` or `::` for all. */
  readonly address: string;
  /** 0: any free port, see {@link DataPlane.ports}. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** SO_REUSEPORT: several processes listen on the same ports. Default: false. */
  readonly reusePort?: boolean;
}

/** What happened since the start; plain numbers, so that those of several workers can be summed. */
export interface DataPlaneCounters {
  /** Connections accepted. */
  readonly accepted: number;
  /** Connections open now. */
  readonly active: number;
  /** Requests ended. */
  readonly requests: number;
  /** Requests in flight now. */
  readonly inFlight: number;
  /** Exchanges ended by an error of our own. */
  readonly internalErrors: number;
  /** Snapshot updates applied. */
  readonly updates: number;
}

/** The data plane of one process. */
export class DataPlane {
  constructor(_options: DataPlaneOptions) {
  }

  /** Takes over what changed; the first update must hold everything. Requests in flight end on the former tables. */
  apply(_update: SnapshotUpdate): void {
    throw new TypeError("the data plane is not wired yet");
  }

  /** Opens the listeners; call {@link DataPlane.apply} first. Rejects when an address cannot be bound. */
  listen(_options: ListenOptions): Promise<void> {
    return Promise.reject(new TypeError("the data plane is not wired yet"));
  }

  /** Ports listened on; 0 before {@link DataPlane.listen}. */
  get ports(): { readonly http: number; readonly https: number } {
    return { http: 0, https: 0 };
  }

  /**
   * Stops accepting, closes idle connections, lets requests in flight end for at most `graceMs` milliseconds, cuts the
   * rest, then writes out the access log.
   */
  close(_graceMs: number): Promise<void> {
    return Promise.resolve();
  }

  counters(): DataPlaneCounters {
    return { accepted: 0, active: 0, requests: 0, inFlight: 0, internalErrors: 0, updates: 0 };
  }
}
