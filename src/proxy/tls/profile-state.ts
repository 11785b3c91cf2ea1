/**
 * A TLS profile in force: its settings, its secure contexts, and the certificate of handshakes without one of their
 * own.
 *
 * @module
 */
import type { Globals, TlsProfile } from "../../snapshot/snapshot.ts";
import { ContextCache, contextOptions, type KeyPair, type KeyPairs, versionOptions } from "./context-cache.ts";
import { compileProfile, type HandshakeSettings, sameApplications, sameContexts } from "./profile.ts";
import type { SecureContextOptions } from "node:tls";

/** Keeps its contexts until a setting changes that they depend on. */
export class ProfileState {
  readonly contexts: ContextCache;
  /** Settings that could not be honoured. */
  problems: readonly string[];
  /** Counts changes of what a server of this profile depends on. */
  generation = 0;
  #given: TlsProfile;
  #settings: HandshakeSettings;
  /** The pair for handshakes without a server name. */
  #defaultPair: KeyPair | null = null;

  constructor(
    given: TlsProfile,
    tls: Globals["tls"],
    private readonly supported: readonly string[],
    pairs: KeyPairs,
    broken: (id: string, message: string) => void,
  ) {
    const { profile, problems } = compileProfile(given, tls, supported);
    this.#given = given;
    this.#settings = profile;
    this.problems = problems;
    this.contexts = new ContextCache(profile, pairs, broken);
  }

  get settings(): HandshakeSettings {
    return this.#settings;
  }

  /** Context of a server, for clients that send no server name. */
  get serverContext(): SecureContextOptions {
    const pair = this.#defaultPair;
    return pair === null ? versionOptions(this.#settings) : contextOptions(pair, this.#settings);
  }

  update(given: TlsProfile | undefined, tls: Globals["tls"]): void {
    if (given !== undefined) this.#given = given;
    const { profile, problems } = compileProfile(this.#given, tls, this.supported);
    this.problems = problems;
    if (!sameContexts(profile, this.#settings)) {
      this.contexts.use(profile);
      this.generation++;
    } else if (!sameApplications(profile, this.#settings)) this.generation++;
    this.#settings = profile;
  }

  /** `null`: there is none. */
  useDefault(pair: KeyPair | null): void {
    if (pair === this.#defaultPair) return;
    this.#defaultPair = pair;
    this.generation++;
  }
}
