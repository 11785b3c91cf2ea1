/**
 * Names and addresses on the network: IP addresses, sets of CIDR blocks, authorities, the names of certificates, and
 * the PROXY protocol. Pure functions over text and bytes; no sockets.
 *
 * @module
 */
export { type Authority, formatAuthority, hostOf, parseAuthority } from "./authority.ts";
export {
  CertificateError,
  type CertificateFacts,
  coversName,
  readCertificate,
  readKeyPair,
  splitPem,
} from "./certificate.ts";
export { type Cidr, CidrSet, formatCidr, parseCidr } from "./cidr.ts";
export { canonicalIp, formatIp, isIp, isIpv4Words, isLoopback, parseIp, scanIp, type Words } from "./ip.ts";
export * from "./proxy-protocol.ts";
