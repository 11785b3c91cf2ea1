/**
 * The connection: addresses, ports, TLS.
 *
 * @module
 */
import { hostname } from "node:os";
import process from "node:process";
import { isIpv4Words, parseIp } from "../../net/mod.ts";
import { formatSeconds, type VariableTable } from "./getter.ts";

/** Address as four bytes for IPv4, sixteen for IPv6. */
function addressBytes(address: string): string | undefined {
  const words = parseIp(address);
  if (words === undefined) return undefined;
  const bytes = [...words].flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
  return String.fromCharCode(...isIpv4Words(words) ? bytes.slice(12) : bytes);
}

const HOSTNAME = hostname().toLowerCase();

export const connection: VariableTable = {
  remote_addr: (x) => x.clientAddress,
  the_real_ip: (x) => x.clientAddress,
  binary_remote_addr: (x) => addressBytes(x.clientAddress),
  remote_port: (x) => String(x.connection.peerPort),
  realip_remote_addr: (x) => x.connection.peerAddress,
  realip_remote_port: (x) => String(x.connection.peerPort),
  server_addr: (x) => x.connection.localAddress,
  server_port: (x) => String(x.connection.localPort),
  server_name: (x) => x.host,
  proxy_protocol_addr: (x) => x.connection.proxied?.sourceAddress,
  proxy_protocol_port: (x) => x.connection.proxied === null ? undefined : String(x.connection.proxied.sourcePort),
  proxy_protocol_server_addr: (x) => x.connection.proxied?.destinationAddress,
  proxy_protocol_server_port: (x) =>
    x.connection.proxied === null ? undefined : String(x.connection.proxied.destinationPort),
  connection: (x) => String(x.connection.id),
  connection_requests: (x) => String(x.connection.requestCount),
  connection_time: (x) => formatSeconds(Date.now() - x.connection.openedAtMs),
  hostname: () => HOSTNAME,
  pid: () => String(process.pid),
  http2: (x) => x.version !== "2.0" ? "" : x.connection.tls === null ? "h2c" : "h2",
  http3: () => "",
  https: (x) => x.scheme === "https" ? "on" : "",
  ssl_protocol: (x) => x.connection.tls?.protocol,
  ssl_cipher: (x) => x.connection.tls?.cipher,
  ssl_server_name: (x) => x.connection.tls?.serverName || undefined,
  ssl_alpn_protocol: (x) => x.connection.tls?.applicationProtocol || undefined,
  ssl_session_reused: (x) => x.connection.tls === null ? undefined : x.connection.tls.resumed ? "r" : ".",
  // Early data is not accepted.
  ssl_early_data: () => undefined,
  // Client certificates are not requested, so there is none.
  ssl_client_verify: (x) => x.connection.tls === null ? undefined : "NONE",
  // nginx has a value only with pipelined requests; kept for log formats.
  pipe: () => ".",
};
