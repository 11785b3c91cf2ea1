/**
 * What is known of a request and its response, whatever is done with them: what policies, log and metrics read.
 *
 * @module
 */
import type {
  BodyCoding,
  BodyTransform,
  Fields,
  HttpVersion,
  LocationFacts,
  RequestHead,
  UpstreamAttempt,
} from "../../http/mod.ts";
import { hostOf } from "../../net/mod.ts";
import type { ServerConnection } from "../contract.ts";
import type { Downstream } from "./downstream.ts";
import { makeRequestId } from "./request-id.ts";

const NO_ATTEMPTS: readonly UpstreamAttempt[] = [];

/** Of one request at a time: {@link ExchangeFacts.takeFacts} sets everything. */
export abstract class ExchangeFacts {
  downstream!: Downstream;
  connection!: ServerConnection;
  request!: RequestHead;
  version!: HttpVersion;
  scheme!: "http" | "https";
  requestBodyBytes!: number;
  method!: string;
  target!: string;
  authority!: string;
  receivedAtMs!: number;
  host!: string;
  path!: string;
  query: string | undefined;
  rewritten!: boolean;
  rewriteEnded!: boolean;
  internal!: boolean;
  clientAddress!: string;
  forwardedScheme!: string;
  forwardedPort!: string;
  forwardedHost!: string;
  location!: LocationFacts | null;
  upstreamName!: string | null;
  variables!: Map<string, string> | null;
  captures!: readonly (string | undefined)[] | null;
  snippet: unknown;
  status!: number;
  response!: Fields | null;
  bodyCoding!: BodyCoding | null;
  bodyTransform!: BodyTransform | null;
  affinityCookie!: string | null;
  attempts!: readonly UpstreamAttempt[];
  requestBytes!: number;
  sentBytes!: number;
  sentBodyBytes!: number;
  route!: unknown;
  /** The connection closes after this response. */
  closeAfter!: boolean;
  #requestId!: string | null;

  /** Begins with a request: nothing of a former one is left. */
  protected takeFacts(
    downstream: Downstream,
    connection: ServerConnection,
    request: RequestHead,
    version: HttpVersion,
    scheme: "http" | "https",
    requestBodyBytes: number,
    receivedAtMs: number,
  ): void {
    this.downstream = downstream;
    this.connection = connection;
    this.request = request;
    this.version = version;
    this.scheme = scheme;
    this.requestBodyBytes = requestBodyBytes;
    const { authority, method, target } = request;
    this.method = method;
    this.target = target;
    this.authority = authority;
    this.receivedAtMs = receivedAtMs;
    this.host = hostOf(authority);
    const mark = target.indexOf("?");
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? undefined : target.slice(mark + 1);
    this.clientAddress = connection.peerAddress;
    this.forwardedScheme = scheme;
    this.forwardedPort = String(connection.localPort);
    this.forwardedHost = authority;
    this.rewritten = false;
    this.rewriteEnded = false;
    this.internal = false;
    this.location = null;
    this.upstreamName = null;
    this.variables = null;
    this.captures = null;
    this.snippet = undefined;
    this.status = 0;
    this.response = null;
    this.bodyCoding = null;
    this.bodyTransform = null;
    this.affinityCookie = null;
    this.attempts = NO_ATTEMPTS;
    this.requestBytes = 0;
    this.sentBytes = 0;
    this.sentBodyBytes = 0;
    this.route = null;
    this.closeAfter = false;
    this.#requestId = null;
  }

  get requestId(): string {
    return this.#requestId ??= this.request.get("x-request-id") || makeRequestId();
  }

  set requestId(value: string) {
    this.#requestId = value;
  }
}
