/**
 * Secure contexts by certificate, made when a handshake first asks for them.
 *
 * @module
 */
import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import type { TlsProfile } from "./profile.ts";

/** Leaf with chain, and key, both PEM. */
export interface KeyPair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Contexts kept at most. One takes about 10 KB and a tenth of a millisecond to make. */
const MAX_CONTEXTS = 2000;

interface Entry {
  readonly pair: KeyPair;
  /** `undefined`: not asked for yet; `null`: the pair is broken. */
  context: SecureContext | null | undefined;
}

/** Holds the key pairs; a pair whose text stays the same keeps its context. */
export class ContextCache {
  readonly #entries = new Map<string, Entry>();
  /** Ids with a context, in the order of their last use. */
  readonly #recent = new Set<string>();

  /** @param broken is told once of each pair that cannot be used, when it is first asked for */
  constructor(
    private profile: TlsProfile,
    private readonly broken: (id: string, message: string) => void,
  ) {}

  /** Makes all contexts anew with another profile, each when it is next asked for. */
  use(profile: TlsProfile): void {
    this.profile = profile;
    for (const entry of this.#entries.values()) entry.context = undefined;
    this.#recent.clear();
  }

  set(id: string, pair: KeyPair): void {
    const former = this.#entries.get(id)?.pair;
    if (former?.certificatePem === pair.certificatePem && former.privateKeyPem === pair.privateKeyPem) return;
    this.#entries.set(id, { pair, context: undefined });
    this.#recent.delete(id);
  }

  delete(id: string): void {
    this.#entries.delete(id);
    this.#recent.delete(id);
  }

  /** The pair as it was set, good or broken. */
  pair(id: string): KeyPair | null {
    return this.#entries.get(id)?.pair ?? null;
  }

  /** `null` when there is no such pair, or it is broken. */
  get(id: string): SecureContext | null {
    const entry = this.#entries.get(id);
    if (entry === undefined) return null;
    if (entry.context === undefined) {
      try {
        entry.context = makeContext(entry.pair, this.profile);
      } catch (error) {
        entry.context = null;
        this.broken(id, error instanceof Error ? error.message : String(error));
      }
    }
    if (entry.context !== null) this.#touch(id);
    return entry.context;
  }

  #touch(id: string): void {
    this.#recent.delete(id);
    this.#recent.add(id);
    if (this.#recent.size <= MAX_CONTEXTS) return;
    for (const oldest of this.#recent) {
      this.#recent.delete(oldest);
      const entry = this.#entries.get(oldest);
      if (entry !== undefined) entry.context = undefined;
      break;
    }
  }
}

/** Throws when key and certificate cannot be read or do not belong together: runtimes differ in what they check themselves. */
function makeContext(pair: KeyPair, profile: TlsProfile): SecureContext {
  const leaf = new X509Certificate(pair.certificatePem);
  if (!leaf.checkPrivateKey(createPrivateKey(pair.privateKeyPem))) {
    throw new TypeError("the private key does not belong to the certificate");
  }
  return createSecureContext(contextOptions(pair, profile));
}

/** What a profile comes to for node:tls. */
export function versionOptions(profile: TlsProfile): SecureContextOptions {
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
export function contextOptions(pair: KeyPair, profile: TlsProfile): SecureContextOptions {
  const options = { ...versionOptions(profile), cert: pair.certificatePem, key: pair.privateKeyPem };
  // For a leaf alone BoringSSL looks for a chain in each handshake, in the files of the system as well, unless it is
  // told what is to be trusted: 36 of 620 µs. Nobody is asked for a certificate that this would be trusted for.
  return isLeafAlone(pair.certificatePem) ? { ...options, ca: pair.certificatePem } : options;
}

const BEGIN = "-----BEGIN ";

function isLeafAlone(pem: string): boolean {
  return pem.indexOf(BEGIN) === pem.lastIndexOf(BEGIN);
}
