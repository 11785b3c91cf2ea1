/**
 * Finds the client's address behind trusted proxies, as nginx's realip module does with `real_ip_recursive on`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_realip_module.html
 * @module
 */
import { canonicalIp, CidrSet } from "../../net/mod.ts";
import type { Globals } from "../../snapshot/snapshot.ts";
import type { ServerExchange } from "../contract.ts";

/** Bound of the entries of a forwarded-for field that are read; a longer chain is a loop or an attack. */
const MAX_HOPS = 64;

/** Finds client addresses; made for each change of the globals. */
export class ClientAddress {
  readonly #field: string;
  readonly #trusted: CidrSet;
  /** The forwarded-for field is trusted. */
  readonly readsField: boolean;

  constructor(settings: Globals["realIp"]) {
    this.#field = settings.forwardedForHeader;
    this.#trusted = CidrSet.of(settings.trustedCidrs);
    this.readsField = settings.useForwardedHeaders || settings.enableRealIp;
  }

  /** Returns the client address of a request. */
  of(exchange: ServerExchange): string {
    const { connection } = exchange;
    const peer = connection.proxied === null ? connection.peerAddress : connection.proxied.sourceAddress;
    if (!this.readsField || !this.#trusted.has(peer)) return peer;
    const lines = exchange.request.getAll(this.#field);
    let address = peer;
    for (let i = lines.length - 1; i >= 0; i--) {
      const next = this.#walk(address, lines[i]!);
      if (next === undefined) break;
      address = next;
      if (!this.#trusted.has(address)) break;
    }
    return address;
  }

  /**
   * Reads a line from the right while the addresses are trusted. Any number of spaces and commas separates entries.
   * `undefined`: the rightmost entry is no address.
   */
  #walk(trusted: string, line: string): string | undefined {
    let address: string | undefined;
    let end = line.length;
    for (let hops = 0; hops < MAX_HOPS && this.#trusted.has(address ?? trusted); hops++) {
      while (end > 1 && isSeparator(line, end - 1)) end--;
      let start = end - 1;
      while (start > 0 && !isSeparator(line, start)) start--;
      // nginx does not test the first character of the line for a separator
      if (start > 0) start++;
      const next = parseHop(line.slice(Math.max(start, 0), end));
      if (next === undefined) return address;
      address = next;
      if (start <= 0) break;
      end = start - 1;
    }
    return address;
  }
}

function isSeparator(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code === 0x20 || code === 0x2c;
}

const IPV4 = /^[0-9]*\.[0-9]*\.[0-9]*\.[0-9]*$/;
const WITH_PORT = /^(?:([^:[\]]*)|\[([^\]]*)\]):([0-9]{1,5})$/;

/** Address of an entry: IPv4 or IPv6, with a port from 1 to 65535 or without; IPv6 with a port has brackets. */
function parseHop(entry: string): string | undefined {
  const plain = parseAddress(entry);
  if (plain !== undefined) return plain;
  const match = WITH_PORT.exec(entry);
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port < 1 || port > 65535 ? undefined : parseAddress(match[1] ?? match[2]!);
}

/**
 * Parses an address as nginx does: numbers may have leading zeros, an empty number is 0, and 255.255.255.255 is no
 * address.
 */
function parseAddress(text: string): string | undefined {
  if (!IPV4.test(text)) return text.includes(":") ? canonicalIp(text) : undefined;
  if (text === "") return undefined;
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255) || parts.every((part) => part === 255)) return undefined;
  return parts.join(".");
}
