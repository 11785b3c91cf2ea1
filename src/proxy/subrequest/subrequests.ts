/**
 * Makes subrequests: exchanges with a downstream in memory, forwarded like those of clients.
 *
 * @module
 */
import { FieldList } from "../../http/mod.ts";
import { formatAuthority } from "../../net/mod.ts";
import type { Logger } from "../../observe/mod.ts";
import type { SubrequestOptions, SubrequestResponse } from "../../policy/mod.ts";
import { ProxyError } from "../../proxy-error.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import { UpstreamGroup } from "../balancer/mod.ts";
import type { ExchangeHandler, ForwardSettings, ServerExchange, UpstreamTls } from "../contract.ts";
import { Timed } from "../deadline-wheel.ts";
import { MemoryDownstream, type WireCore, WireExchange } from "../exchange/mod.ts";
import { type Destination, makeRequest, parseDestination } from "./request.ts";

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_BODY_BYTES = 65_536;
const CONNECT_TIMEOUT_MS = 5_000;
/** Bound of the host names whose groups of endpoints are kept. */
const MAX_NAMES = 256;

/** Dependencies of subrequests. */
export interface SubrequestSources {
  readonly logger: Logger;
  /** Makes a core of the data plane for exchanges that the handler decides about. */
  derive(handler: ExchangeHandler): WireCore;
  /** The upstream of that name; one without endpoints when there is none. */
  upstream(name: string): UpstreamGroup;
  /** True when the endpoint is a listener of this program. */
  isOwn(endpoint: Endpoint): boolean;
}

/** Source of the endpoints of a subrequest. */
type Choice =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "group"; readonly group: UpstreamGroup };

/** Ends a subrequest that takes too long. */
class Deadline extends Timed {
  constructor(core: WireCore, readonly downstream: MemoryDownstream, timeoutMs: number) {
    super(core.wheel);
    this.setDeadline(timeoutMs);
  }

  override expired(): void {
    this.stopTiming();
    this.downstream.cancel(new ProxyError("upstream-timeout", "upstream", "no", "the subrequest took too long"));
  }
}

/** One for each data plane. */
export class Subrequests {
  readonly #sources: SubrequestSources;
  readonly #core: WireCore;
  /** Groups of endpoints for names in URLs, by name and port, the least recently used first. */
  readonly #names = new Map<string, UpstreamGroup>();
  readonly #settings = new Map<string, ForwardSettings>();
  #failures = 0;

  constructor(sources: SubrequestSources) {
    this.#sources = sources;
    this.#core = sources.derive({
      request: () => {},
      responseHead: () => {},
      failure: (exchange, error) => {
        (exchange.route as MemoryDownstream).cancel(error);
        return { status: error.status, close: "abort" };
      },
      end: () => {},
    });
  }

  /** Number of subrequests begun. */
  get count(): number {
    return this.#core.counters.requests;
  }

  /** Number of subrequests without a complete response; those of clients that have gone do not count. */
  get failures(): number {
    return this.#failures;
  }

  /** Number of subrequests in flight. */
  get inFlight(): number {
    return this.#core.counters.inFlight;
  }

  /** See {@link Subrequest}. */
  request(parent: ServerExchange, options: SubrequestOptions): Promise<SubrequestResponse> {
    const response = this.#request(parent, options);
    // a caller that does not await the response gets no unhandled rejection
    response.catch((error) => {
      if (!(error instanceof ProxyError) || error.source !== "downstream") this.#failures++;
    });
    return response;
  }

  async #request(parent: ServerExchange, options: SubrequestOptions): Promise<SubrequestResponse> {
    const destination = parseDestination(options.to);
    const { body, head } = makeRequest(destination, options);
    const core = this.#core;
    core.tick();
    const downstream = new MemoryDownstream(
      body.length === 0 ? [] : [body],
      options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    );
    const deadline = new Deadline(core, downstream, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const unfollow = options.outlivesExchange === true ? null : parent.whenOver(() => {
      downstream.cancel(new ProxyError("downstream-closed", "downstream", "no", "the client's exchange is over"));
    });
    try {
      const choice = this.#choose(destination);
      // the time of the first look-up of a name counts
      if (choice.kind === "group") await Promise.race([choice.group.available(), downstream.response]);
      if (!downstream.over) this.#forward(parent, destination, choice, downstream, head);
      const response = await downstream.response;
      return { status: response.status, fields: new FieldList(response.fields), body: response.body };
    } finally {
      deadline.stopTiming();
      unfollow?.();
    }
  }

  #choose({ to }: Destination): Choice {
    switch (to.kind) {
      case "upstream":
        return { kind: "group", group: this.#sources.upstream(to.name) };
      case "address":
        return { kind: "endpoint", endpoint: { address: to.address, port: to.port, pod: "", weight: 1 } };
      case "name":
        return { kind: "group", group: this.#named(to.hostname, to.port) };
      default:
        return to satisfies never;
    }
  }

  #named(hostname: string, port: number): UpstreamGroup {
    const key = `${hostname}:${port}`;
    let group = this.#names.get(key);
    if (group === undefined) {
      group = new UpstreamGroup(key, this.#sources.logger);
      group.update({
        name: key,
        namespace: "",
        service: hostname,
        port: String(port),
        balancer: { kind: "round-robin" },
        endpoints: [],
        dns: { hostname, port },
      });
    } else this.#names.delete(key);
    this.#names.set(key, group);
    if (this.#names.size > MAX_NAMES) {
      const [oldest, unused] = this.#names.entries().next().value!;
      unused.retire();
      this.#names.delete(oldest);
    }
    return group;
  }

  #forward(
    parent: ServerExchange,
    { authority, scheme, target, tls }: Destination,
    choice: Choice,
    downstream: MemoryDownstream,
    head: WireExchange["request"],
  ): void {
    const { connection } = parent;
    const exchange = new WireExchange(this.#core, downstream, connection, head, "1.1", scheme, head.bodyBytes);
    exchange.clientAddress = parent.clientAddress;
    exchange.route = downstream;
    downstream.attach(exchange);
    const refuse = (endpoint: Endpoint): undefined => {
      const address = formatAuthority(endpoint.address, endpoint.port);
      const message = `a subrequest must not go to a listener of this program (${address})`;
      downstream.cancel(new ProxyError("upstream-refused", "internal", "no", message));
      return undefined;
    };
    const group = choice.kind === "group" ? choice.group : null;
    exchange.forward({
      settings: this.#settingsFor(tls),
      target,
      fieldBlock: `Host: ${authority}\r\n`,
      pick: (attempt, tried) => {
        const endpoint = choice.kind === "group"
          ? choice.group.pick(exchange, tried)
          : attempt === 0
          ? choice.endpoint
          : undefined;
        return endpoint !== undefined && this.#sources.isOwn(endpoint) ? refuse(endpoint) : endpoint;
      },
      ...group === null
        ? {}
        : { observe: (endpoint, outcome, elapsedMs) => group.observe(endpoint, outcome, elapsedMs) },
    });
  }

  #settingsFor(tls: UpstreamTls | null): ForwardSettings {
    const key = tls?.key ?? "";
    let settings = this.#settings.get(key);
    if (settings === undefined) {
      settings = {
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        // the deadline of the subrequest applies
        sendTimeoutMs: Infinity,
        readTimeoutMs: Infinity,
        maxBodyBytes: 0,
        retry: {
          error: true,
          timeout: true,
          invalidHeader: false,
          statuses: [],
          nonIdempotent: false,
          tries: 3,
          timeoutMs: 0,
        },
        httpVersion: "1.1",
        requestBuffering: true,
        // the body is in memory already
        bodyBufferBytes: Infinity,
        hideFields: new Set(),
        dropFields: new Set(["host"]),
        tls,
      };
      if (this.#settings.size >= MAX_NAMES) this.#settings.clear();
      this.#settings.set(key, settings);
    }
    return settings;
  }

  /** Ends look-ups. */
  close(): void {
    for (const group of this.#names.values()) group.retire();
    this.#names.clear();
  }
}
