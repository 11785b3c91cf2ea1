/**
 * Secure contexts by certificate, made when a handshake first asks for them.
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

/** Contexts kept at most. One takes about 10 KB and a tenth of a millisecond to make. */
const MAX_CONTEXTS = 2000;

interface Entry {
  readonly pair: KeyPair;
  /** `null`: the pair is broken. */
  readonly context: SecureContext | null;
}

/** Key pairs by id; one whose text stays the same stays the same object. */
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

  /** Good or broken. */
  get(id: string): KeyPair | undefined {
    return this.#pairs.get(id);
  }
}

/** The contexts of one profile; a pair that stays the same keeps its context. */
export class ContextCache {
  readonly #entries = new Map<string, Entry>();
  /** Ids with a context, in the order of their last use. */
  readonly #recent = new Set<string>();

  /** @param broken is told once of each pair that cannot be used, when it is first asked for */
  constructor(
    private profile: HandshakeSettings,
    private readonly pairs: KeyPairs,
    private readonly broken: (id: string, message: string) => void,
  ) {}

  /** Makes all contexts anew with other settings, each when it is next asked for. */
  use(profile: HandshakeSettings): void {
    this.profile = profile;
    this.#entries.clear();
    this.#recent.clear();
  }

  /** The pair is gone. */
  forget(id: string): void {
    this.#entries.delete(id);
    this.#recent.delete(id);
  }

  /** `null` when there is no such pair, or it is broken. */
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

/** Throws when key and certificate cannot be read or do not belong together: runtimes differ in what they check themselves. */
function makeContext(pair: KeyPair, profile: HandshakeSettings): SecureContext {
  const leaf = new X509Certificate(pair.certificatePem);
  if (!leaf.checkPrivateKey(createPrivateKey(pair.privateKeyPem))) {
    throw new TypeError("the private key does not belong to the certificate");
  }
  return createSecureContext(contextOptions(pair, profile));
}

/** What a profile comes to for node:tls. */
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

/** What a key pair and a profile come to for node:tls, for a context or for a server's own. */
export function contextOptions(pair: KeyPair, profile: HandshakeSettings): SecureContextOptions {
  const options = { ...versionOptions(profile), cert: pair.certificatePem, key: pair.privateKeyPem };
  // For a leaf alone BoringSSL looks for a chain in each handshake, in the files of the system as well, unless it is
  // told what is to be trusted: 36 of 620 µs. Nobody is asked for a certificate that this would be trusted for.
  return isLeafAlone(pair.certificatePem) ? { ...options, ca: pair.certificatePem } : options;
}

const BEGIN = "-----BEGIN ";

function isLeafAlone(pem: string): boolean {
  return pem.indexOf(BEGIN) === pem.lastIndexOf(BEGIN);
}
