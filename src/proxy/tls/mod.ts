/**
 * TLS towards clients: which certificate a handshake gets, with which versions and ciphers, and the sockets that come
 * out of it. Promises that a new certificate or setting holds for the next handshake and leaves open connections alone,
 * and that thousands of certificates cost nothing until they are asked for.
 *
 * @module
 */
export { type Handshake, TlsFront, type TlsFrontOptions, type TlsHandlers, type TlsListener } from "./front.ts";
export type { KeyPair } from "./context-cache.ts";
export { FAKE_CERTIFICATE, makeSelfSigned } from "./self-signed.ts";
