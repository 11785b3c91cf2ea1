/**
 * Metrics of requests by host, path, Ingress, Service, method and status, as in ingress-nginx. A request is counted
 * when it ends.
 *
 * @module
 */
import type { Exchange, LocationFacts } from "../http/exchange.ts";
import type { MetricFamily, MetricSample } from "./exposition.ts";

/** Options of request metrics. */
export interface RequestMetricsOptions {
  /** Series have a host label; requests for unknown hosts are then not counted (see undefinedHosts). */
  readonly perHost: boolean;
  /** With perHost: requests for unknown hosts are counted as well. */
  readonly undefinedHosts: boolean;
  /** `2xx` in place of `200`. */
  readonly statusClasses: boolean;
  /** Upper bounds in rising order, seconds. */
  readonly timeBuckets: readonly number[];
  /** Upper bounds of request_size and response_size, bytes. */
  readonly lengthBuckets: readonly number[];
  /** Upper bounds of bytes_sent, bytes. */
  readonly sizeBuckets: readonly number[];
  /** Names of metrics that are left out, with or without the prefix. */
  readonly exclude: readonly string[];
  /** Labels that every series has. */
  readonly labels: Readonly<Record<string, string>>;
  /** Bound of the number of series, because labels come from what clients send. Default: 100,000. */
  readonly maxSeries?: number;
}

const PREFIX = "nginx_ingress_controller_";
const MAX_SERIES = 100_000;
/** Methods that have a label of their own; all others count as `OTHER`. */
const METHODS: ReadonlySet<string> = new Set(
  "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH"
    .split(" "),
);

type Buckets = "time" | "length" | "size";

/** The histograms, in the order of their counters in a series. */
const HISTOGRAMS: readonly { readonly name: string; readonly help: string; readonly buckets: Buckets }[] = [
  {
    name: "request_duration_seconds",
    help: "Time from the first byte of a request to the last of its response.",
    buckets: "time",
  },
  { name: "connect_duration_seconds", help: "Time to connect to the upstream.", buckets: "time" },
  { name: "header_duration_seconds", help: "Time to the response head of the upstream.", buckets: "time" },
  { name: "response_duration_seconds", help: "Time to the end of the response of the upstream.", buckets: "time" },
  { name: "request_size", help: "Length of requests in bytes, line, fields and body.", buckets: "length" },
  { name: "response_size", help: "Bytes sent to clients, heads included.", buckets: "length" },
  { name: "bytes_sent", help: "Bytes sent to clients, heads included (deprecated: response_size).", buckets: "size" },
];

/** Counters of one set of labels. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  requests: number;
  /** For each histogram: one counter a bucket (not cumulative), one for larger values, then the sum. */
  readonly cells: Float64Array;
}

/** Counts of requests to one location of one Ingress, as plain data that processes exchange. */
export interface RequestCounts {
  readonly facts: Pick<LocationFacts, "namespace" | "ingressName" | "serviceName" | "path" | "alternativeUpstreamName">;
  /** Status label: `200`, or `2xx`. */
  readonly status: string;
  readonly method: string;
  readonly host: string;
  readonly requests: number;
  /** Cells of a series. Their meaning depends on the options, which both processes share. */
  readonly cells: readonly number[];
}

/** Series of one location of an Ingress. */
interface LocationSeries {
  readonly key: string;
  readonly facts: RequestCounts["facts"];
  readonly byKey: Map<string, Series>;
}

/** Facts of requests without a location. */
const NOWHERE: LocationFacts = {
  namespace: "-",
  ingressName: "-",
  serviceName: "-",
  servicePort: "-",
  path: "/",
  upstreamName: "-",
  alternativeUpstreamName: "",
};

/** Counts the requests of this process, and adds counts of others. */
export class RequestMetrics {
  readonly #options: RequestMetricsOptions;
  readonly #bounds: readonly (readonly number[])[];
  /** Index of the first cell of each histogram; -1: left out. */
  readonly #offsets: readonly number[];
  readonly #cells: number;
  readonly #countsRequests: boolean;
  readonly #byFacts = new WeakMap<LocationFacts, LocationSeries>();
  readonly #locations = new Map<string, LocationSeries>();
  /** Exact names of hosts, with the number of virtual hosts that have each. */
  readonly #hosts = new Map<string, number>();
  readonly #virtualHosts = new Map<string, readonly string[]>();
  #series = 0;

  constructor(options: RequestMetricsOptions) {
    this.#options = options;
    const left = new Set(options.exclude.map((name) => name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name));
    const { timeBuckets, lengthBuckets, sizeBuckets } = options;
    const bounds = { time: timeBuckets, length: lengthBuckets, size: sizeBuckets };
    this.#bounds = HISTOGRAMS.map((histogram) => bounds[histogram.buckets]);
    let cells = 0;
    this.#offsets = HISTOGRAMS.map(({ name }, i) => {
      if (left.has(name)) return -1;
      const offset = cells;
      cells += this.#bounds[i]!.length + 2;
      return offset;
    });
    this.#cells = cells;
    this.#countsRequests = !left.has("requests");
  }

  /** Adds or changes a virtual host; `names` are the exact names that it serves. */
  setHost(virtualHost: string, names: readonly string[]): void {
    this.removeHost(virtualHost);
    this.#virtualHosts.set(virtualHost, names);
    for (const name of names) this.#hosts.set(name, (this.#hosts.get(name) ?? 0) + 1);
  }

  removeHost(virtualHost: string): void {
    for (const name of this.#virtualHosts.get(virtualHost) ?? []) {
      const users = this.#hosts.get(name)! - 1;
      if (users === 0) this.#hosts.delete(name);
      else this.#hosts.set(name, users);
    }
    this.#virtualHosts.delete(virtualHost);
  }

  /** Keeps the series of these Ingresses (`namespace/name`), and forgets all others. */
  retain(ingresses: ReadonlySet<string>): void {
    for (const [key, { facts, byKey }] of this.#locations) {
      if (facts.ingressName === "" || facts.ingressName === NOWHERE.ingressName) continue;
      if (ingresses.has(`${facts.namespace}/${facts.ingressName}`)) continue;
      this.#series -= byKey.size;
      byKey.clear();
      this.#locations.delete(key);
    }
  }

  /** Counts an exchange that ended at `nowMs` of the clock of its `receivedAtMs`. */
  record(exchange: Exchange, nowMs: number): void {
    const { status, attempts } = exchange;
    if (status === 0) return;
    const { perHost, undefinedHosts } = this.#options;
    if (perHost && !undefinedHosts && !this.#hosts.has(exchange.host)) return;
    const series = this.#find(exchange);
    if (series === undefined) return;
    series.requests++;
    const attempt = attempts.length === 1 ? attempts[0]! : undefined;
    this.#observe(series, 0, (nowMs - exchange.receivedAtMs) / 1000);
    if (attempt !== undefined) {
      this.#observe(series, 1, attempt.connectMs / 1000);
      this.#observe(series, 2, attempt.headerMs / 1000);
      this.#observe(series, 3, attempt.responseMs / 1000);
    }
    this.#observe(series, 4, exchange.requestBytes);
    this.#observe(series, 5, exchange.sentBytes);
    this.#observe(series, 6, exchange.sentBytes);
  }

  /** Returns the counts since the last call, and resets them. */
  take(): RequestCounts[] {
    const counts: RequestCounts[] = [];
    for (const { facts, byKey } of this.#locations.values()) {
      for (const { labels, requests, cells } of byKey.values()) {
        const { status, method, host = "" } = labels;
        counts.push({
          facts: {
            namespace: facts.namespace,
            ingressName: facts.ingressName,
            serviceName: facts.serviceName,
            path: facts.path,
            alternativeUpstreamName: facts.alternativeUpstreamName,
          },
          status: status!,
          method: method!,
          host,
          requests,
          cells: [...cells],
        });
      }
      byKey.clear();
    }
    this.#locations.clear();
    this.#series = 0;
    return counts;
  }

  /** Adds counts that another process with the same options has {@link RequestMetrics.take taken}. */
  add(counts: readonly RequestCounts[]): void {
    for (const { facts, status, method, host, requests, cells } of counts) {
      const series = this.#seriesOf(this.#locationOf(facts), status, method, host);
      if (series === undefined || cells.length !== this.#cells) continue;
      series.requests += requests;
      for (let i = 0; i < cells.length; i++) series.cells[i]! += cells[i]!;
    }
  }

  #find(exchange: Exchange): Series | undefined {
    const facts = exchange.location ?? NOWHERE;
    let location = this.#byFacts.get(facts);
    if (location === undefined || this.#locations.get(location.key) !== location) {
      location = this.#locationOf(facts);
      this.#byFacts.set(facts, location);
    }
    const method = METHODS.has(exchange.method) ? exchange.method : "OTHER";
    const status = this.#options.statusClasses ? `${Math.floor(exchange.status / 100)}xx` : String(exchange.status);
    return this.#seriesOf(location, status, method, this.#options.perHost ? exchange.host : "");
  }

  #seriesOf(location: LocationSeries, status: string, method: string, host: string): Series | undefined {
    const { facts } = location;
    const key = `${status} ${method} ${host}`;
    let series = location.byKey.get(key);
    if (series === undefined) {
      if (this.#series >= (this.#options.maxSeries ?? MAX_SERIES)) return undefined;
      this.#series++;
      series = {
        labels: {
          ...this.#options.labels,
          status,
          method,
          path: facts.path,
          namespace: facts.namespace,
          ingress: facts.ingressName,
          service: facts.serviceName,
          canary: facts.alternativeUpstreamName,
          ...this.#options.perHost ? { host } : {},
        },
        requests: 0,
        cells: new Float64Array(this.#cells),
      };
      location.byKey.set(key, series);
    }
    return series;
  }

  /** Finds the series of a location; a location keeps them when its host is compiled again. */
  #locationOf(facts: RequestCounts["facts"]): LocationSeries {
    const key = keyOf(facts);
    let location = this.#locations.get(key);
    if (location === undefined) {
      location = { key, facts, byKey: new Map() };
      this.#locations.set(key, location);
    }
    return location;
  }

  #observe(series: Series, histogram: number, value: number): void {
    const offset = this.#offsets[histogram]!;
    // Negative values are unknown.
    if (offset < 0 || !(value >= 0)) return;
    const bounds = this.#bounds[histogram]!;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i++;
    series.cells[offset + i]!++;
    series.cells[offset + bounds.length + 1]! += value;
  }

  /** All series with their current values. */
  families(): MetricFamily[] {
    const all = [...this.#locations.values()].flatMap((location) => [...location.byKey.values()]);
    const families: MetricFamily[] = [];
    if (this.#countsRequests) {
      const samples = all.map((series): MetricSample => ({ labels: series.labels, value: series.requests }));
      families.push({ name: `${PREFIX}requests`, help: "Requests of clients.", type: "counter", samples });
    }
    for (const [i, { name, help }] of HISTOGRAMS.entries()) {
      if (this.#offsets[i]! < 0) continue;
      const samples = all.flatMap((series) => this.#histogram(series, i));
      families.push({ name: PREFIX + name, help, type: "histogram", samples });
    }
    return families;
  }

  #histogram({ labels, cells }: Series, histogram: number): MetricSample[] {
    const offset = this.#offsets[histogram]!;
    const bounds = this.#bounds[histogram]!;
    const samples: MetricSample[] = [];
    let count = 0;
    for (const [i, bound] of [...bounds, Infinity].entries()) {
      count += cells[offset + i]!;
      const le = bound === Infinity ? "+Inf" : String(bound);
      samples.push({ suffix: "_bucket", labels: { ...labels, le }, value: count });
    }
    if (count === 0) return [];
    samples.push({ suffix: "_sum", labels, value: cells[offset + bounds.length + 1]! });
    samples.push({ suffix: "_count", labels, value: count });
    return samples;
  }
}

function keyOf(facts: RequestCounts["facts"]): string {
  const { namespace, ingressName, serviceName, path, alternativeUpstreamName } = facts;
  return `${namespace}\0${ingressName}\0${serviceName}\0${path}\0${alternativeUpstreamName}`;
}
