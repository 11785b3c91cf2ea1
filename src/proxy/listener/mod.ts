/**
 * The wire towards clients. Promises that whatever a client sends ends in an exchange or an error answer, that slow
 * clients hold no more than bounded memory, and that no connection closes because settings changed.
 *
 * @module
 */
export { type FrontListen, type FrontPort, HttpFront, type Spoken } from "./front.ts";
