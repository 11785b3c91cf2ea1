/**
 * What all proxies of the benchmark serve: hosts, paths, the services behind them, and the ports.
 */
import type { KeyPair } from "../../src/proxy/tls/context-cache.ts";

export const HOSTS = 1000;
export const PATHS = 10;

export interface Workload {
  /** Folder for configuration and logs. */
  readonly folder: string;
  /** Port of the backend on 127.0.0.1. */
  readonly backendPort: number;
  /** For `*.bench.example`. */
  readonly certificate: KeyPair;
}

/** Where a proxy listens, and what differs between the variants. */
export interface PeerOptions {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Write an access log, in ingress-nginx's default format, to a file. */
  readonly log: boolean;
  /** Read the body of a request whole before the backend gets it (haproxy never does). */
  readonly requestBuffering: boolean;
  /** Worker processes; `null`: one process for everything. */
  readonly workers: number | null;
  /** gzip_comp_level. Default: responses are not compressed. */
  readonly gzipLevel?: number;
}

/** One of the proxies that are compared. */
export interface Peer {
  readonly name: string;
  /** Writes the configuration and tells how to start it in the foreground. */
  prepare(workload: Workload, options: PeerOptions): PeerCommand;
}

export interface PeerCommand {
  readonly command: readonly string[];
  /** File that its standard output goes to; without it, it is thrown away. */
  readonly stdout?: string;
}

export function hosts(): string[] {
  return Array.from({ length: HOSTS }, (_, i) => `h${i}.bench.example`);
}

export function paths(): string[] {
  return Array.from({ length: PATHS }, (_, i) => `/service-${i}`);
}

/** The backend's file of the size of a page. */
export const PAGE = { path: "/service-0/page", bytes: 12 * 1024 };

/** The backend's file for downloads. */
export const DOWNLOAD = { path: "/service-0/download", bytes: 64 * 1024 * 1024 };

/** The backend's answer that is worth compressing. */
export const LIST = { path: "/service-0/list", rows: 600 };

/** About 64 KiB of JSON, as an API lists things: half of it repeats, half does not. */
export function listBody(): string {
  let state = 1;
  const next = (): number => state = Math.imul(state, 48271) % 0x7fffffff;
  return JSON.stringify(Array.from({ length: LIST.rows }, (_, id) => ({
    id,
    name: `order ${Math.abs(next())}`,
    customer: Math.abs(next()).toString(36),
    amount: Math.abs(next()) % 100_000,
    state: ["open", "paid", "shipped"][id % 3],
    url: `/orders/${id}`,
  })));
}

/** A host whose paths are regular expressions, tried one after the other: the last of them matches the request. */
export const PATTERNS = {
  host: "patterns.bench.example",
  // The length makes work, where more expressions would make cache misses.
  count: 1000,
  request: `/orders/${"item".repeat(300)}-0/items/17`,
};

/** In the order in which they are tried. */
export function patterns(): string[] {
  return Array.from({ length: PATTERNS.count }, (_, i) => `/orders/[a-z]+-${i}/(items|lines)/[0-9]+`).reverse();
}

/** Bytes of what is uploaded by each request. */
export const UPLOAD_BYTES = 1024 * 1024;
