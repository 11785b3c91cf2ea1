/**
 * TLS towards clients: certificates, versions and ciphers of handshakes, and the resulting sockets. A new certificate
 * or setting applies to the next handshake and leaves open connections alone; certificates cost nothing before they are
 * used.
 *
 * @module
 */
export { type Handshake, TlsFront, type TlsFrontOptions, type TlsHandlers, type TlsListener } from "./front.ts";
export type { KeyPair } from "./context-cache.ts";
export { FAKE_CERTIFICATE, makeSelfSigned } from "./self-signed.ts";
