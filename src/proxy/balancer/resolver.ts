/**
 * Addresses of a host name, for upstreams of ExternalName Services: A records, or AAAA when there are none, kept for their
 * TTL. Loopback addresses are refused, because a Service must not reach ports of the proxy's own machine.
 *
 * @module
 */
import { promises as dns } from "node:dns";
import { isLoopback, parseIp } from "../../net/mod.ts";

/** Bounds of the time for which addresses are kept, milliseconds. */
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 300_000;
/** Time for addresses without a TTL (hosts file, other name services) and for failures. */
const DEFAULT_TTL_MS = 5_000;
/** Longest wait for one look-up. */
const TIMEOUT_MS = 5_000;

/** What a look-up found. */
export type Resolution =
  /** `addresses` is never empty. */
  | { readonly kind: "found"; readonly addresses: readonly string[]; readonly ttlMs: number }
  /** The name does not exist or has no address that may be used. */
  | { readonly kind: "none"; readonly ttlMs: number }
  /** No name server answered; addresses of earlier look-ups stay in use. */
  | { readonly kind: "failed"; readonly message: string; readonly ttlMs: number };

/** Looks a name up; never rejects. */
export type Resolve = (hostname: string) => Promise<Resolution>;

/** Asks name servers first, which give a TTL; then the system's resolver, which uses search domains and the hosts file. */
export const resolve: Resolve = async (hostname) => {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost") || name === "" || parseIp(name) !== undefined) {
    return { kind: "none", ttlMs: MAX_TTL_MS };
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Resolution>((done) => {
    timer = setTimeout(() => done({ kind: "failed", message: "no answer in time", ttlMs: MIN_TTL_MS }), TIMEOUT_MS);
  });
  try {
    return await Promise.race([ask(name), late]);
  } finally {
    clearTimeout(timer);
  }
};

async function ask(name: string): Promise<Resolution> {
  let failure: string | null = null;
  for (const query of [query4, query6, querySystem]) {
    try {
      const records = await query(name);
      const usable = records.filter(({ address }) => mayProxyTo(address));
      if (usable.length > 0) {
        const ttlMs = Math.min(...usable.map(({ ttl }) => ttl * 1_000));
        return {
          kind: "found",
          addresses: [...new Set(usable.map(({ address }) => address))].sort(),
          ttlMs: Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, ttlMs)),
        };
      }
    } catch (error) {
      if (!isAbsence(error)) failure = error instanceof Error ? error.message : String(error);
    }
  }
  return failure === null
    ? { kind: "none", ttlMs: DEFAULT_TTL_MS }
    : { kind: "failed", message: failure, ttlMs: DEFAULT_TTL_MS };
}

interface AddressRecord {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

function query4(name: string): Promise<AddressRecord[]> {
  return dns.resolve4(name, { ttl: true }).then(withTtl);
}

function query6(name: string): Promise<AddressRecord[]> {
  return dns.resolve6(name, { ttl: true }).then(withTtl);
}

async function querySystem(name: string): Promise<AddressRecord[]> {
  const found = await dns.lookup(name, { all: true });
  const family = found.some((entry) => entry.family === 4) ? 4 : 6;
  return found.filter((entry) => entry.family === family)
    .map(({ address }) => ({ address, ttl: DEFAULT_TTL_MS / 1_000 }));
}

/** Runtimes without TTLs return plain addresses. */
function withTtl(records: readonly (AddressRecord | string)[]): AddressRecord[] {
  return records.map((record) =>
    typeof record === "string"
      ? { address: record, ttl: DEFAULT_TTL_MS / 1_000 }
      : { address: record.address, ttl: Number.isFinite(record.ttl) ? record.ttl : DEFAULT_TTL_MS / 1_000 }
  );
}

function mayProxyTo(address: string): boolean {
  const words = parseIp(address);
  if (words === undefined || isLoopback(words)) return false;
  // 0.0.0.0 and :: reach the own machine as well
  const unspecified = words[0] === 0 && words[1] === 0 && words[3] === 0 && (words[2] === 0 || words[2] === 0xffff);
  return !unspecified;
}

function isAbsence(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "ENOTFOUND" || code === "ENODATA" || code === "NOTFOUND" || code === "NODATA" ||
    code === "EAI_NONAME";
}
