/**
 * Every name that nginx 1.22 to 1.29, the modules in ingress-nginx's image and its template define: known, with a value or
 * with the reason why it has none.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { findAbsence, logVariable, parseSnippet, variable } from "../../../../src/nginx/mod.ts";
import { fakeAttempt, fakeExchange } from "../../../support/exchange.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Those that have a value in the request below. */
const VALUED = words(`
  ancient_browser arg_a args binary_remote_addr body_bytes_sent bytes_sent connection connection_requests connection_time
  content_length content_type cookie_a date_gmt date_local document_root document_uri fastcgi_script_name host hostname
  http_cookie http_host http_referer http_user_agent http_via http_x_forwarded_for http2 https is_args is_request_port
  limit_rate msec msie nginx_version pid pipe proxy_add_x_forwarded_for proxy_host proxy_port proxy_protocol_addr
  proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port query_string realip_remote_addr
  realip_remote_port realpath_root remote_addr remote_port remote_user request request_completion request_filename
  request_id request_length request_method request_port request_time request_uri scheme sent_http_cache_control
  sent_http_connection sent_http_content_length sent_http_content_type sent_http_keep_alive sent_http_last_modified
  sent_http_link sent_http_location sent_http_transfer_encoding server_addr server_name server_port server_protocol
  ssl_alpn_protocol ssl_cipher ssl_client_verify ssl_protocol ssl_server_name ssl_session_reused status time_iso8601
  time_local upstream_addr upstream_bytes_received upstream_connect_time upstream_cookie_a upstream_header_time
  upstream_http_link upstream_response_length upstream_response_time upstream_status uri

  balancer_ewma_score best_http_host block_ref block_ua connection_upgrade escaped_request_uri full_x_forwarded_for
  full_x_forwarded_proto ingress_name literal_dollar location_path loggable namespace pass_access_scheme pass_port
  pass_server_port proxy_upstream_name req_id service_name service_port the_real_ip
`);

/** Those that are empty in it, as they are in nginx. */
const EMPTY = words(`fastcgi_path_info http3 modern_browser proxy_alternative_upstream_name ssl_early_data subdomain`);

/** Those that are always empty here, and no worse in a condition than in nginx. */
const ABSENT = words(`
  brotli_ratio grpc_internal_trailers gzip_ratio limit_conn_status limit_req_status proxy_add_via
  proxy_internal_body_length proxy_internal_chunked request_body request_body_file secure_link secure_link_expires
  sent_trailer_x slice_range ssl_client_cert ssl_client_escaped_cert ssl_client_fingerprint ssl_client_i_dn
  ssl_client_i_dn_legacy ssl_client_raw_cert ssl_client_s_dn ssl_client_s_dn_legacy ssl_client_serial ssl_client_sigalg
  ssl_client_v_end ssl_client_v_remain ssl_client_v_start ssl_ech_outer_server_name ssl_ech_status uid_got uid_reset
  uid_set upstream_bytes_sent upstream_cache_etag upstream_cache_last_modified upstream_cache_status upstream_trailer_x

  auth_cookie auth_keepalive_share_vars auth_path auth_response_headers authHeader0 cache_key redirect_to target
  tmp_cache_key
`);

/** Those that have a value in nginx when conditions are tested: a condition on them closes what it stands in. */
const UNDECIDED = words(`
  connections_active connections_reading connections_waiting connections_writing geoip_area_code geoip_city
  geoip_city_continent_code geoip_city_country_code geoip_city_country_code3 geoip_city_country_name geoip_country_code
  geoip_country_code3 geoip_country_name geoip_dma_code geoip_latitude geoip_longitude geoip_org geoip_postal_code
  geoip_region geoip_region_name invalid_referer opentelemetry_context_b3 opentelemetry_context_traceparent
  opentelemetry_span_id opentelemetry_trace_id otel_parent_id otel_parent_sampled otel_span_id otel_trace_id
  proxy_protocol_tlv_aws_vpce_id ssl_ciphers ssl_curve ssl_curves ssl_session_id ssl_sigalg ssl_sigalgs tcpinfo_rcv_space
  tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd

  cors force_no_ssl_redirect force_ssl_redirect forwarded_for_proxy_protocol geoip2_asn geoip2_city
  geoip2_city_continent_code geoip2_city_continent_name geoip2_city_country_code geoip2_city_country_geoname_id
  geoip2_city_country_name geoip2_city_geoname_id geoip2_connection_type geoip2_continent_code
  geoip2_continent_geoname_id geoip2_continent_name geoip2_country_code geoip2_country_geoname_id geoip2_country_name
  geoip2_dma_code geoip2_is_anon geoip2_is_anonymous geoip2_is_anonymous_vpn geoip2_is_hosting_provider
  geoip2_is_public_proxy geoip2_is_tor_exit_node geoip2_isp geoip2_isp_org geoip2_latitude geoip2_longitude geoip2_org
  geoip2_postal_code geoip2_region_code geoip2_region_geoname_id geoip2_region_name geoip2_subregion_code
  geoip2_subregion_geoname_id geoip2_subregion_name geoip2_time_zone preserve_trailing_slash proxy_protocol_addr_trusted
  ssl_redirect use_port_in_redirects
`);

/** A request that has everything. */
const x = fakeExchange({
  version: "2.0",
  target: "/a?a=1",
  authority: "a.example:444",
  tls: {
    protocol: "TLSv1.3",
    cipher: "TLS_AES_128_GCM_SHA256",
    serverName: "a.example",
    applicationProtocol: "h2",
    resumed: true,
  },
  headers: {
    "Authorization": "Basic Ym9iOnNlY3JldA==",
    "Content-Length": "1",
    "Content-Type": "text/plain",
    "Cookie": "a=1",
    "Referer": "/",
    "Upgrade": "h2c",
    "User-Agent": "MSIE 8.0;",
    "Via": "1.1 b",
    "X-Forwarded-For": "10.0.0.1",
  },
  connection: {
    proxied: { sourceAddress: "10.0.0.2", sourcePort: 1, destinationAddress: "10.0.0.3", destinationPort: 2 },
  },
  location: {
    namespace: "default",
    ingressName: "app",
    serviceName: "echo",
    servicePort: "80",
    path: "/",
    upstreamName: "default-echo-80",
    alternativeUpstreamName: "",
  },
  status: 200,
  response: {
    "Cache-Control": "no-store",
    "Connection": "close",
    "Content-Length": "1",
    "Content-Type": "text/plain",
    "Keep-Alive": "timeout=1",
    "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Link": "</a>",
    "Location": "/b",
    "Set-Cookie": "a=1",
    "Transfer-Encoding": "chunked",
  },
  attempts: [fakeAttempt()],
});

const noted = (name: string) =>
  parseSnippet(`more_set_headers "X-A: $${name}"; set $mine $${name};`, "location").findings;

describe("every variable that nginx and ingress-nginx define", () => {
  for (const name of VALUED) {
    test(`$${name} has a value`, () => {
      assert.notEqual(variable(name)?.(x) ?? "", "");
      assert.equal(findAbsence(name), undefined);
      assert.deepEqual(noted(name), []);
    });
  }
  for (const name of EMPTY) {
    test(`$${name} is empty, without a note`, () => {
      assert.equal(variable(name)?.(x), "");
      assert.deepEqual(noted(name), []);
    });
  }
  for (const name of [...ABSENT, ...UNDECIDED]) {
    test(`$${name} is empty, with a note`, () => {
      assert.equal(variable(name)?.(x), "");
      assert.equal(logVariable(name)?.(x), "-");
      assert.deepEqual(
        noted(name).map(({ reason, severity, directive, effect }) => ({ reason, severity, directive, effect })),
        ["more_set_headers", "set"].map((directive) => ({
          reason: "VariableWithoutValue",
          severity: "info",
          directive,
          effect: "it stands for the empty text",
        })),
      );
    });
  }
});

describe("conditions on variables without a value", () => {
  const denied = (text: string, options = {}) => parseSnippet(text, "location", options).program.denied;

  for (const name of ABSENT) {
    test(`$${name} decides as in nginx`, () => assert.equal(denied(`if ($${name}) { return 403; }`), null));
  }
  for (const name of UNDECIDED) {
    test(`$${name} closes the location`, () => {
      assert.match(denied(`if ($${name} ~ x) { return 403; }`) ?? "", /of the condition has no value here/);
    });
  }

  test("what is set from one, over others and other snippets, closes it, too", () => {
    const set = "set $a x$geoip2_city; set $b $a;";
    assert.match(denied(`if ($b) { return 403; } ${set}`) ?? "", /^variable "\$geoip2_city" of the condition/);
    const { variables, undecided } = parseSnippet(`${set} set $c 1;`, "server");
    assert.deepEqual(undecided, ["a", "b"]);
    assert.equal(denied("if ($c) { return 403; }", { variables, undecided }), null);
    assert.match(
      denied("if ($d) { return 403; } set $d $b;", { variables, undecided }) ?? "",
      /another snippet sets it/,
    );
  });

  test("a condition on a value may compare it with one", () => {
    assert.match(denied("if ($host = $geoip2_city) { return 403; }") ?? "", /has no value here/);
  });

  test("one that a snippet sets itself is that snippet's", () => {
    assert.equal(denied("set $geoip2_city Ulm; if ($geoip2_city = Ulm) { return 403; }"), null);
    assert.match(denied("set $tcpinfo_rtt 1;") ?? "", /cannot be set/);
  });
});
