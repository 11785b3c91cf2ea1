/**
 * Variables of nginx, its modules or the controller's template without a value here: they stand for the empty text, and
 * a finding gives the reason.
 *
 * @see https://nginx.org/en/docs/varindex.html
 * @module
 */

/** Reason for which a variable is always empty. */
export interface Absence {
  readonly reason: string;
  /**
   * nginx would have a value when conditions are tested, so that a condition on the empty text may let in what it was
   * written to keep out. False: the variable is empty there in nginx, too.
   */
  readonly decides: boolean;
}

const NAMES = new Map<string, Absence>();
const PREFIXES: (readonly [prefix: string, absence: Absence])[] = [];

/** A name that ends with `*` stands for all names with that beginning. */
function list(reason: string, decides: boolean, names: string): void {
  const absence: Absence = { reason, decides };
  for (const name of names.split(" ")) {
    if (name.endsWith("*")) PREFIXES.push([name.slice(0, -1), absence]);
    else NAMES.set(name, absence);
  }
}

list("request bodies are not kept as texts", false, "request_body request_body_file");
list("trailer fields are not kept", false, "sent_trailer_* upstream_trailer_*");
list("it is known only when the response has been sent", false, "gzip_ratio brotli_ratio");
list("bytes sent to upstreams are not counted one by one", false, "upstream_bytes_sent");
list(
  "it belongs to the inside of nginx",
  false,
  "proxy_internal_body_length proxy_internal_chunked grpc_internal_trailers proxy_add_via",
);
list(
  "client certificates are not asked for",
  false,
  "ssl_client_cert ssl_client_raw_cert ssl_client_escaped_cert ssl_client_fingerprint ssl_client_serial ssl_client_s_dn " +
    "ssl_client_i_dn ssl_client_s_dn_legacy ssl_client_i_dn_legacy ssl_client_sigalg ssl_client_v_start " +
    "ssl_client_v_end ssl_client_v_remain",
);
list("there is no response cache", false, "upstream_cache_status upstream_cache_last_modified upstream_cache_etag");
list("there is no limit of requests", false, "limit_req_status limit_conn_status");
list(
  "the directive that gives it a value is not honoured",
  false,
  "secure_link secure_link_expires slice_range uid_got uid_set uid_reset",
);
list(
  "external authentication gives it its value, which is not honoured",
  false,
  "auth_cookie auth_path auth_keepalive_share_vars auth_response_headers authheader* cache_key tmp_cache_key target",
);
list("only servers that do nothing but redirect have it", false, "redirect_to");
list(
  "the controller's own settings cannot be read",
  true,
  "cors force_ssl_redirect ssl_redirect force_no_ssl_redirect preserve_trailing_slash use_port_in_redirects " +
    "proxy_protocol_addr_trusted forwarded_for_proxy_protocol",
);
list("valid_referers is not honoured", true, "invalid_referer");
list("requests are not traced", true, "opentelemetry_* otel_trace_id otel_span_id otel_parent_id otel_parent_sampled");
list(
  "the TLS library does not tell it",
  true,
  "ssl_ciphers ssl_curve ssl_curves ssl_session_id ssl_sigalg ssl_sigalgs",
);
list("Encrypted ClientHello is not spoken", false, "ssl_ech_status ssl_ech_outer_server_name");
list("the kernel's figures of a connection are not read", true, "tcpinfo_*");
list("extensions of the PROXY protocol are not read", true, "proxy_protocol_tlv_*");
list(
  "the figures of all connections stand in the metrics only",
  true,
  "connections_active connections_reading connections_writing connections_waiting",
);
list("no GeoIP database is read", true, "geoip_* geoip2_*");

/** Reason for which the variable is empty; `undefined`: it has a value, or is not defined. `name`: lower case. */
export function findAbsence(name: string): Absence | undefined {
  return NAMES.get(name) ??
    PREFIXES.find(([prefix]) => name.startsWith(prefix) && name.length > prefix.length)?.[1];
}
