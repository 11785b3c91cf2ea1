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

/** Whether a proxy writes an access log, in ingress-nginx's default format, to a file. */
export interface PeerOptions {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly log: boolean;
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
