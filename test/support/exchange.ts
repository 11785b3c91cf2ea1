/**
 * An exchange without a wire, for tests of what runs on exchanges: policies, snippets, formats.
 *
 * @module
 */
import type { ExchangeContext, PolicyHooks } from "../../src/policy/contract.ts";
import type { Answer, Connection, Exchange, TlsInfo, UpstreamAttempt } from "../../src/http/exchange.ts";
import type { Fields } from "../../src/http/fields.ts";

/** Field lines in memory, with all that {@link Fields} promises. */
export class MemoryFields implements Fields {
  #lines: (readonly [name: string, value: string])[];

  constructor(lines: Iterable<readonly [name: string, value: string]> = []) {
    this.#lines = [...lines];
  }

  static of(record: Readonly<Record<string, string | readonly string[]>> = {}): MemoryFields {
    return new MemoryFields(
      Object.entries(record).flatMap(([name, value]) => [value].flat().map((each) => [name, each] as const)),
    );
  }

  get(lowerName: string): string | undefined {
    return this.#lines.find(([name]) => name.toLowerCase() === lowerName)?.[1].trim();
  }

  getAll(lowerName: string): string[] {
    return this.#lines.filter(([name]) => name.toLowerCase() === lowerName).map(([, value]) => value.trim());
  }

  has(lowerName: string): boolean {
    return this.get(lowerName) !== undefined;
  }

  set(name: string, value: string): void {
    this.delete(name.toLowerCase());
    this.append(name, value);
  }

  append(name: string, value: string): void {
    if (/[\r\n\0]/.test(value)) throw new TypeError(`Cannot set field "${name}": CR, LF or NUL in its value`);
    this.#lines.push([name, value]);
  }

  delete(lowerName: string): boolean {
    const before = this.#lines.length;
    this.#lines = this.#lines.filter(([name]) => name.toLowerCase() !== lowerName);
    return this.#lines.length < before;
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#lines[Symbol.iterator]();
  }
}

/** What a test may say of an exchange; the rest is `GET / HTTP/1.1` to `a.example` from 127.0.0.1 over plain HTTP. */
export interface FakeExchange extends Omit<Partial<Exchange>, "request" | "response" | "connection"> {
  /** Request fields beside Host. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly response?: Fields | Readonly<Record<string, string | readonly string[]>> | null;
  readonly tls?: TlsInfo | boolean;
  readonly connection?: Partial<Connection>;
}

const TLS: TlsInfo = {
  protocol: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  serverName: "a.example",
  applicationProtocol: "",
  resumed: false,
};

/** Builds an exchange. Path and query follow `target`, host and forwarded host follow `authority`, unless given. */
export function fakeExchange(given: FakeExchange = {}): Exchange {
  const { headers, response, tls, connection, ...rest } = given;
  const target = given.target ?? "/";
  const mark = target.indexOf("?");
  const authority = given.authority ?? "a.example";
  const scheme = given.scheme ?? (tls ? "https" : "http");
  const port = scheme === "https" ? 443 : 80;
  return {
    connection: {
      id: 1,
      peerAddress: "127.0.0.1",
      peerPort: 40000,
      localAddress: "127.0.0.1",
      localPort: port,
      tls: tls === true ? TLS : tls === undefined || tls === false ? null : tls,
      proxied: null,
      openedAtMs: 1_700_000_000_000,
      requestCount: 1,
      ...connection,
    },
    version: "1.1",
    method: "GET",
    target,
    authority,
    request: MemoryFields.of({ Host: authority, ...headers }),
    requestBodyBytes: 0,
    receivedAtMs: 1_700_000_000_000,
    host: authority.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase(),
    path: given.path ?? decodeURIComponent(mark === -1 ? target : target.slice(0, mark)),
    query: mark === -1 ? undefined : target.slice(mark + 1),
    rewritten: false,
    rewriteEnded: false,
    internal: false,
    clientAddress: connection?.peerAddress ?? "127.0.0.1",
    scheme,
    forwardedScheme: scheme,
    forwardedPort: String(port),
    requestId: "0123456789abcdef0123456789abcdef",
    forwardedHost: authority,
    location: null,
    upstreamName: null,
    variables: null,
    captures: null,
    status: 0,
    response: response === undefined || response === null
      ? null
      : response instanceof MemoryFields
      ? response
      : Symbol.iterator in response
      ? response as Fields
      : MemoryFields.of(response),
    attempts: [],
    requestBytes: 0,
    sentBytes: 0,
    sentBodyBytes: 0,
    ...rest,
  };
}

/** An attempt that was answered. */
export function fakeAttempt(given: Partial<UpstreamAttempt> = {}): UpstreamAttempt {
  return {
    address: "10.0.0.1:80",
    pod: "",
    status: 200,
    responseMs: 1,
    connectMs: 0,
    headerMs: 1,
    responseBytes: 0,
    ...given,
  };
}

/** The part of Hono's Context that hooks may rely on in these tests: `env`. */
export function fakeContext(exchange: Exchange): ExchangeContext {
  return { env: exchange } as unknown as ExchangeContext;
}

/** Runs a request hook that answers at once. */
export function runRequest(hooks: PolicyHooks | undefined, exchange: Exchange): Answer | undefined {
  const verdict = hooks?.request?.(fakeContext(exchange));
  if (verdict instanceof Promise || verdict instanceof Response || typeof verdict === "symbol") {
    throw new TypeError("Cannot await a verdict here");
  }
  return verdict ?? undefined;
}

/** Runs a response hook on `exchange.status` and `exchange.response`. */
export function runResponse(hooks: PolicyHooks | undefined, exchange: Exchange): void {
  const result = hooks?.response?.(fakeContext(exchange));
  if (result instanceof Promise) throw new TypeError("Cannot await a hook here");
}

/** Value of a field of an answer. */
export function fieldOf(answer: Answer | undefined, name: string): string | undefined {
  return answer?.fields?.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}
