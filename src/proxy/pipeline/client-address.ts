/**
 * The client's address behind trusted proxies: what nginx's realip module finds with `real_ip_recursive on`.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_realip_module.html
 * @module
 */
import { canonicalIp, CidrSet } from "../../net/mod.ts";
import type { Globals } from "../../snapshot/snapshot.ts";
import type { ServerExchange } from "../contract.ts";

/** Entries of a forwarded-for field that are looked at; a longer chain is a loop or an attack. */
const MAX_HOPS = 64;

/** Finds the client's address; made once for each change of the globals. */
export class ClientAddress {
  readonly #field: string;
  readonly #trusted: CidrSet;
  /** The forwarded-for field may be believed. */
  readonly readsField: boolean;

  constructor(settings: Globals["realIp"]) {
    this.#field = settings.forwardedForHeader;
    this.#trusted = CidrSet.of(settings.trustedCidrs);
    this.readsField = settings.useForwardedHeaders || settings.enableRealIp;
  }

  /** Address to take for the client of this request. */
  of(exchange: ServerExchange): string {
    const { connection } = exchange;
    const peer = connection.proxied === null ? connection.peerAddress : connection.proxied.sourceAddress;
    if (!this.readsField || !this.#trusted.has(peer)) return peer;
    const lines = exchange.request.getAll(this.#field);
    if (lines.length === 0) return peer;
    return this.walk(peer, lines.length === 1 ? lines[0]! : lines.join(","));
  }

  /** Goes through a chain from the right as long as the address so far is trusted. */
  walk(peer: string, chain: string): string {
    let address = peer;
    let end = chain.length;
    for (let hops = 0; hops < MAX_HOPS && end >= 0; hops++) {
      const comma = end === 0 ? -1 : chain.lastIndexOf(",", end - 1);
      const next = parseHop(chain.slice(comma + 1, end));
      if (next === undefined) return address;
      address = next;
      if (!this.#trusted.has(address)) return address;
      end = comma;
    }
    return address;
  }
}

/** Address of one entry: `a.b.c.d`, IPv6 with or without brackets, either with a port. */
function parseHop(entry: string): string | undefined {
  const text = entry.trim();
  const plain = canonicalIp(text);
  if (plain !== undefined) return plain;
  if (text.startsWith("[")) return canonicalIp(text.slice(1, Math.max(1, text.indexOf("]"))));
  const colon = text.lastIndexOf(":");
  return colon < 0 ? undefined : canonicalIp(text.slice(0, colon));
}
