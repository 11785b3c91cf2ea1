/**
 * Secure contexts by certificate, each made when a handshake first needs it.
 *
 * @module
 */
import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import type { HandshakeSettings } from "./profile.ts";

/** Leaf with chain, and key, both PEM. */
export interface KeyPair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Bound of the contexts. One takes about 10 KB, and a tenth of a millisecond to make. */
const MAX_CONTEXTS = 2000;

interface Entry {
  readonly pair: KeyPair;
  /** `null`: the pair cannot be used. */
  readonly context: SecureContext | null;
}

/** Key pairs by id; a pair with the same text keeps its object. */
export class KeyPairs {
  readonly #pairs = new Map<string, KeyPair>();

  set(id: string, pair: KeyPair): void {
    const former = this.#pairs.get(id);
    if (former?.certificatePem === pair.certificatePem && former.privateKeyPem === pair.privateKeyPem) return;
    this.#pairs.set(id, pair);
  }

  delete(id: string): void {
    this.#pairs.delete(id);
  }

  /** Returns the pair, whether it can be used or not. */
  get(id: string): KeyPair | undefined {
    return this.#pairs.get(id);
  }
}

/** Contexts of one profile; an unchanged pair keeps its context. */
export class ContextCache {
  readonly #entries = new Map<string, Entry>();
  /** Ids with a context, the least recently used first. */
  readonly #recent = new Set<string>();

  /** @param broken called once for each pair that cannot be used, when it is first needed */
  constructor(
    private profile: HandshakeSettings,
    private readonly pairs: KeyPairs,
    private readonly broken: (id: string, message: string) => void,
  ) {}

  /** Makes all contexts again with new settings, each when it is next needed. */
  use(profile: HandshakeSettings): void {
    this.profile = profile;
    this.#entries.clear();
    this.#recent.clear();
  }

  /** Forgets a removed pair. */
  forget(id: string): void {
    this.#entries.delete(id);
    this.#recent.delete(id);
  }

  /** `null` when there is no such pair, or it cannot be used. */
  get(id: string): SecureContext | null {
    const pair = this.pairs.get(id);
    if (pair === undefined) return null;
    let entry = this.#entries.get(id);
    if (entry === undefined || entry.pair !== pair) {
      let context: SecureContext | null = null;
      try {
        context = makeContext(pair, this.profile);
      } catch (error) {
        this.broken(id, error instanceof Error ? error.message : String(error));
      }
      this.#entries.set(id, entry = { pair, context });
    }
    if (entry.context !== null) this.#touch(id);
    return entry.context;
  }

  #touch(id: string): void {
    this.#recent.delete(id);
    this.#recent.add(id);
    if (this.#recent.size <= MAX_CONTEXTS) return;
    for (const oldest of this.#recent) {
      this.forget(oldest);
      break;
    }
  }
}

/**
 * Makes a context. Throws when key and certificate are malformed or do not belong together; runtimes do not all check
 * that themselves.
 */
function makeContext(pair: KeyPair, profile: HandshakeSettings): SecureContext {
  const leaf = new X509Certificate(pair.certificatePem);
  if (!leaf.checkPrivateKey(createPrivateKey(pair.privateKeyPem))) {
    throw new TypeError("the private key does not belong to the certificate");
  }
  return createSecureContext(contextOptions(pair, profile));
}

/** Options of node:tls for a profile. */
export function versionOptions(profile: HandshakeSettings): SecureContextOptions {
  return {
    minVersion: profile.minVersion,
    maxVersion: profile.maxVersion,
    ciphers: profile.ciphers,
    honorCipherOrder: true,
    ...(profile.sessionTimeoutSeconds > 0
      ? { sessionTimeout: profile.sessionTimeoutSeconds }
      : { secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_CIPHER_SERVER_PREFERENCE }),
  };
}

/** Options of node:tls for a key pair and a profile, for a context or for a server. */
export function contextOptions(pair: KeyPair, profile: HandshakeSettings): SecureContextOptions {
  const options = { ...versionOptions(profile), cert: pair.certificatePem, key: pair.privateKeyPem };
  // Without trusted authorities, BoringSSL looks for the chain of a single certificate in each handshake, in the
  // system's files too: 36 of 620 µs. No client certificate is requested, so the list trusts nobody.
  return isLeafAlone(pair.certificatePem) ? { ...options, ca: pair.certificatePem } : options;
}

const BEGIN = "-----BEGIN ";

function isLeafAlone(pem: string): boolean {
  return pem.indexOf(BEGIN) === pem.lastIndexOf(BEGIN);
}
