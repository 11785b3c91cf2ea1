/**
 * Reads the PROXY protocol header, versions 1 and 2, that a load balancer puts before the first byte of a connection.
 *
 * @see The PROXY protocol, Versions 1 & 2, sections 2.1 and 2.2 (haproxy.org)
 * @module
 */
import { canonicalIp, formatIp } from "./ip.ts";

/** Longest header that is read: a version 2 header with its TLVs; version 1 has at most 107 bytes. */
const PROXY_HEADER_LIMIT_BYTES = 4096;

/** Addresses in the header. */
export interface ProxyAddresses {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
}

/** Outcome of the bytes so far. */
export type ProxyHeader =
  /** More bytes are needed. */
  | { readonly kind: "incomplete" }
  /** `bytes` is the length of the header. `addresses` is `null` for LOCAL and UNKNOWN: the socket's own addresses hold. */
  | { readonly kind: "header"; readonly bytes: number; readonly addresses: ProxyAddresses | null }
  | { readonly kind: "invalid"; readonly message: string };

const SIGNATURE = new Uint8Array([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const VERSION_1_LIMIT = 107;
const INCOMPLETE: ProxyHeader = { kind: "incomplete" };

/** Parses the header at the start of `bytes`, which holds all bytes received so far. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (bytes.length === 0) return INCOMPLETE;
  if (bytes[0] === 0x50) return parseVersion1(bytes);
  const compared = Math.min(bytes.length, SIGNATURE.length);
  for (let i = 0; i < compared; i++) {
    if (bytes[i] !== SIGNATURE[i]) return invalid("the connection does not begin with a PROXY header");
  }
  return bytes.length < 16 ? INCOMPLETE : parseVersion2(bytes);
}

function invalid(message: string): ProxyHeader {
  return { kind: "invalid", message };
}

function parseVersion1(bytes: Uint8Array): ProxyHeader {
  const end = bytes.subarray(0, VERSION_1_LIMIT).indexOf(0x0a);
  if (end < 0) {
    const prefix = String.fromCharCode(...bytes.subarray(0, 6));
    if (!"PROXY ".startsWith(prefix)) return invalid("the connection does not begin with a PROXY header");
    return bytes.length < VERSION_1_LIMIT ? INCOMPLETE : invalid("the PROXY line has more than 107 bytes");
  }
  const line = String.fromCharCode(...bytes.subarray(0, end + 1));
  if (/^PROXY UNKNOWN(?: [^\r\n]*)?\r\n$/.test(line)) return { kind: "header", bytes: end + 1, addresses: null };
  const match =
    /^PROXY (TCP4|TCP6) ([0-9A-Fa-f.:]{2,45}) ([0-9A-Fa-f.:]{2,45}) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})\r\n$/.exec(
      line,
    );
  if (!match) return invalid(`the PROXY line ${JSON.stringify(line)} is malformed`);
  const [, family, source, destination, sourcePort, destinationPort] = match as unknown as [string, ...string[]];
  const sourceAddress = addressOf(family!, source!);
  const destinationAddress = addressOf(family!, destination!);
  if (
    sourceAddress === undefined || destinationAddress === undefined || Number(sourcePort) > 65535 ||
    Number(destinationPort) > 65535
  ) return invalid(`the PROXY line ${JSON.stringify(line)} has a bad address or port`);
  return {
    kind: "header",
    bytes: end + 1,
    addresses: {
      sourceAddress,
      sourcePort: Number(sourcePort),
      destinationAddress,
      destinationPort: Number(destinationPort),
    },
  };
}

/** Canonical spelling of an address; `undefined` when it is none of the family. */
function addressOf(family: string, text: string): string | undefined {
  return text.includes(":") === (family === "TCP6") ? canonicalIp(text) : undefined;
}

function parseVersion2(bytes: Uint8Array): ProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const command = bytes[12]!;
  if (command >> 4 !== 2 || (command & 0x0f) > 1) {
    return invalid(`the PROXY version and command 0x${command.toString(16)} are unknown`);
  }
  const length = 16 + view.getUint16(14);
  if (length > PROXY_HEADER_LIMIT_BYTES) {
    return invalid(`the PROXY header has ${length} bytes, ${PROXY_HEADER_LIMIT_BYTES} are allowed`);
  }
  if (bytes.length < length) return INCOMPLETE;
  const family = bytes[13]! >> 4;
  if ((command & 0x0f) === 0 || (family !== 1 && family !== 2)) {
    return { kind: "header", bytes: length, addresses: null };
  }
  const size = family === 1 ? 4 : 16;
  if (length < 16 + 2 * size + 4) return invalid("the PROXY header is too short for its addresses");
  const addressAt = family === 1 ? ipv4At : ipv6At;
  return {
    kind: "header",
    bytes: length,
    addresses: {
      sourceAddress: addressAt(view, 16),
      sourcePort: view.getUint16(16 + 2 * size),
      destinationAddress: addressAt(view, 16 + size),
      destinationPort: view.getUint16(18 + 2 * size),
    },
  };
}

function ipv4At(view: DataView, at: number): string {
  return formatIp(Uint32Array.of(0, 0, 0xffff, view.getUint32(at)));
}

function ipv6At(view: DataView, at: number): string {
  return formatIp(Uint32Array.from([0, 4, 8, 12], (offset) => view.getUint32(at + offset)));
}
