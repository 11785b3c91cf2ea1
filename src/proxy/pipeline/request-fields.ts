/**
 * Request fields that the proxy writes for upstreams, as one block of lines: Host, X-Request-ID, X-Real-IP,
 * X-Forwarded-*, X-Scheme, X-Original-*. A client's lines with these names are dropped; lines that a policy set replace
 * those of the block.
 *
 * @module
 */
import { fieldValueBytes } from "../../http/mod.ts";
import type { Globals } from "../../snapshot/snapshot.ts";
import type { ServerConnection, ServerExchange } from "../contract.ts";

/** Names in the block; lines of the client with these names are not forwarded. */
const MANAGED = [
  "host",
  "x-request-id",
  "x-real-ip",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-forwarded-scheme",
  "x-scheme",
  "x-original-forwarded-for",
  "x-original-forwarded-host",
] as const;

/** Lines that all requests of a connection share, while no forwarded field is trusted. */
interface ConnectionLines {
  readonly rules: RequestFields;
  readonly address: string;
  readonly scheme: string;
  readonly port: string;
  readonly addressLines: string;
  readonly schemeLines: string;
}

/** A field of proxy-set-headers; its text is evaluated for each request. */
export interface ExtraField {
  readonly name: string;
  readonly value: (exchange: ServerExchange) => string;
}

/** Writes the block; made for each change of the globals. */
export class RequestFields {
  /** Names of the client's lines that are dropped, lower case. */
  readonly drop: ReadonlySet<string>;
  readonly #fullChain: boolean;
  readonly #originalUri: boolean;
  readonly #forwardedFor: string;
  readonly #forwardedHost: string;
  readonly #extra: readonly ExtraField[];
  /** Replaces the Host of the request, which must not have two. */
  readonly #host: ExtraField | null;

  constructor(globals: Globals, extra: readonly ExtraField[]) {
    const { realIp, headers } = globals;
    this.#fullChain = realIp.useForwardedHeaders && realIp.computeFullForwardedFor;
    this.#originalUri = headers.proxyAddOriginalUriHeader;
    this.#forwardedFor = realIp.forwardedForHeader;
    this.#forwardedHost = realIp.forwardedHostHeader;
    const isHost = ({ name }: ExtraField): boolean => name.toLowerCase() === "host";
    this.#extra = extra.filter((field) => !isHost(field));
    this.#host = extra.find(isHost) ?? null;
    const drop = new Set<string>(MANAGED);
    // a CGI backend that takes HTTP_PROXY from this field would send its requests to another proxy (httpoxy)
    drop.add("proxy");
    if (this.#originalUri) drop.add("x-original-uri");
    for (const { name } of extra) drop.add(name.toLowerCase());
    this.drop = drop;
  }

  /** Returns the lines for this request, each with CRLF. */
  block(exchange: ServerExchange): string {
    const { request } = exchange;
    const host = exchange.forwardedHost;
    const lines = this.#connectionLines(exchange);
    const named = this.#host === null ? "" : this.#host.value(exchange);
    const sentHost = named === "" || hasLineBreak(named) ? host : named;
    let block = (sentHost === "" ? "" : `Host: ${sentHost}\r\n`) +
      (exchange.requestId === "" ? "" : `X-Request-ID: ${exchange.requestId}\r\n`) +
      (this.#fullChain ? this.#chainLines(exchange) : lines.addressLines) +
      (host === "" ? "" : `X-Forwarded-Host: ${host}\r\n`) +
      lines.schemeLines;
    if (request.has(this.#forwardedFor)) {
      const chain = request.getAll(this.#forwardedFor).join(", ");
      if (chain !== "") block += `X-Original-Forwarded-For: ${chain}\r\n`;
    }
    const claimed = request.get(this.#forwardedHost);
    if (claimed !== undefined && claimed !== "") block += `X-Original-Forwarded-Host: ${claimed}\r\n`;
    if (this.#originalUri) block += `X-Original-URI: ${exchange.target}\r\n`;
    for (const { name, value } of this.#extra) {
      // decoded text of the client: a char beyond U+00FF is encoded, because cut to one byte it might become a line end
      const text = fieldValueBytes(value(exchange));
      if (text !== "" && !hasLineBreak(text)) block += `${name}: ${text}\r\n`;
    }
    return request.edited && this.#overruled(exchange) ? withoutEdited(block, exchange) : block;
  }

  /**
   * Lines of the connection, cached there and checked by value, because address and scheme may differ between requests.
   */
  #connectionLines(exchange: ServerExchange): ConnectionLines {
    const connection: ServerConnection = exchange.connection;
    const memo = connection.memo as ConnectionLines | null;
    if (
      memo !== null && memo.rules === this && memo.address === exchange.clientAddress &&
      memo.scheme === exchange.forwardedScheme && memo.port === exchange.forwardedPort
    ) {
      return memo;
    }
    const { clientAddress: address, forwardedScheme: scheme, forwardedPort: port } = exchange;
    const made: ConnectionLines = {
      rules: this,
      address,
      scheme,
      port,
      addressLines: `X-Real-IP: ${address}\r\nX-Forwarded-For: ${address}\r\n`,
      schemeLines: `X-Forwarded-Port: ${port}\r\nX-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Scheme: ${scheme}\r\n` +
        `X-Scheme: ${scheme}\r\n`,
    };
    connection.memo = made;
    return made;
  }

  #chainLines(exchange: ServerExchange): string {
    const { connection, clientAddress } = exchange;
    const sender = connection.proxied?.sourceAddress ?? connection.peerAddress;
    const chain = exchange.request.getAll("x-forwarded-for").join(", ");
    return `X-Real-IP: ${clientAddress}\r\nX-Forwarded-For: ${chain === "" ? sender : `${chain}, ${sender}`}\r\n`;
  }

  #overruled(exchange: ServerExchange): boolean {
    for (const name of this.drop) if (exchange.request.isEdited(name)) return true;
    return false;
  }
}

function withoutEdited(block: string, exchange: ServerExchange): string {
  const { request } = exchange;
  let kept = "";
  for (const line of block.split("\r\n")) {
    if (line === "") continue;
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    // a request needs a Host, so the field can be replaced and not removed
    if (!request.isEdited(name) || (name === "host" && !request.has("host"))) kept += `${line}\r\n`;
  }
  return kept;
}

/** True when the text contains a line end; variables can contain decoded bytes of the client. */
function hasLineBreak(text: string): boolean {
  return text.includes("\r") || text.includes("\n") || text.includes("\0");
}
