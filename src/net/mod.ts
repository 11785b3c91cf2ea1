/**
 * Names and addresses on the network: IP addresses, sets of CIDR blocks, authorities, the names of certificates,
 * the PROXY protocol, and the ClientHello. Pure functions over text and bytes; no sockets.
 *
 * @module
 */
export { formatAuthority, hostOf } from "./authority.ts";
export { CertificateError, type CertificateFacts, coversName, readKeyPair, splitPem } from "./certificate.ts";
export { type Cidr, CidrSet, parseCidr } from "./cidr.ts";
export { CLIENT_HELLO_LIMIT_BYTES, type ClientHello, ClientHelloReader } from "./client-hello.ts";
export { canonicalIp, formatIp, isIp, isIpv4Words, isLoopback, parseIp, type Words } from "./ip.ts";
export { parseProxyHeader, type ProxyAddresses, type ProxyHeader } from "./proxy-protocol.ts";
