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

/** Bytes of what is uploaded by each request. */
export const UPLOAD_BYTES = 1024 * 1024;
