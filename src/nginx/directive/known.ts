/**
 * Directives of nginx without a file of their own: the effect of a snippet that uses one.
 *
 * @module
 */

export interface KnownDirective {
  /**
   * - `ignored`: tunes nginx's inside or its logs, so there is nothing to do here;
   * - `not-honoured`: changes what clients or upstreams see, and is not carried out;
   * - `refused`: reads files, runs code, opens sockets, or reaches beyond the host.
   */
  readonly kind: "ignored" | "not-honoured" | "refused";
  /** The directive restricts access: without it the location is not served. */
  readonly guardsAccess: boolean;
  /** Alternative, if there is one. */
  readonly instead?: string;
}

const IGNORED = "disable_symlinks aio aio_write client_body_buffer_size client_body_in_file_only " +
  "client_body_in_single_buffer client_body_temp_path connection_pool_size directio directio_alignment error_log etag " +
  "http2_push http2_push_preload if_modified_since log_not_found log_subrequest lingering_close lingering_time " +
  "lingering_timeout limit_conn_log_level limit_conn_status limit_req_log_level limit_req_status max_ranges " +
  "msie_padding msie_refresh open_file_cache open_file_cache_errors open_file_cache_min_uses open_file_cache_valid " +
  "output_buffers port_in_redirect postpone_output proxy_buffers proxy_busy_buffers_size proxy_cache_bypass " +
  "proxy_headers_hash_bucket_size proxy_headers_hash_max_size proxy_max_temp_file_size proxy_no_cache " +
  "proxy_ssl_session_reuse proxy_temp_file_write_size proxy_temp_path read_ahead recursive_error_pages request_pool_size " +
  "reset_timedout_connection resolver resolver_timeout rewrite_log send_lowat sendfile sendfile_max_chunk server_tokens " +
  "server_name_in_redirect subrequest_output_buffer_size tcp_nodelay tcp_nopush types_hash_bucket_size " +
  "types_hash_max_size uninitialized_variable_warn variables_hash_bucket_size variables_hash_max_size " +
  "lua_need_request_body lua_ssl_trusted_certificate";

const NOT_HONOURED =
  "access_log absolute_redirect chunked_transfer_encoding client_max_body_size ssl_ciphers ssl_conf_command ssl_dhparam " +
  "ssl_ecdh_curve ssl_prefer_server_ciphers ssl_protocols satisfy userid add_trailer auth_request_set brotli brotli_comp_level brotli_min_length " +
  "brotli_types charset charset_types client_body_timeout client_header_buffer_size client_header_timeout " +
  "gzip gzip_buffers gzip_comp_level gzip_disable gzip_http_version gzip_min_length gzip_proxied gzip_static gzip_types " +
  "gzip_vary http2_max_concurrent_streams image_filter keepalive_disable keepalive_requests keepalive_time keepalive_timeout " +
  "merge_slashes mirror mirror_request_body more_set_trailers opentelemetry " +
  "opentelemetry_trust_incoming_spans override_charset proxy_bind proxy_buffer_size proxy_buffering proxy_cache " +
  "proxy_cache_background_update proxy_cache_key proxy_cache_lock proxy_cache_methods proxy_cache_min_uses " +
  "proxy_cache_revalidate proxy_cache_use_stale proxy_cache_valid proxy_connect_timeout proxy_cookie_domain " +
  "proxy_cookie_flags proxy_cookie_path proxy_force_ranges proxy_http_version proxy_ignore_client_abort " +
  "proxy_ignore_headers proxy_intercept_errors proxy_limit_rate proxy_method proxy_next_upstream " +
  "proxy_next_upstream_timeout proxy_next_upstream_tries proxy_pass_header proxy_pass_request_body " +
  "proxy_pass_request_headers proxy_read_timeout proxy_redirect proxy_request_buffering proxy_send_lowat " +
  "proxy_send_timeout proxy_set_body proxy_socket_keepalive proxy_ssl_ciphers proxy_ssl_name proxy_ssl_protocols " +
  "proxy_ssl_server_name proxy_store send_timeout set_escape_uri set_unescape_uri ssi ssl_buffer_size " +
  "ssl_early_data ssl_session_cache ssl_session_ticket_key ssl_session_tickets ssl_session_timeout ssl_stapling " +
  "ssl_stapling_verify sub_filter sub_filter_last_modified sub_filter_once sub_filter_types underscores_in_headers " +
  "ignore_invalid_headers grpc_set_header grpc_hide_header grpc_pass_header grpc_read_timeout grpc_send_timeout " +
  "grpc_connect_timeout grpc_buffer_size grpc_next_upstream grpc_next_upstream_tries grpc_next_upstream_timeout " +
  "grpc_intercept_errors grpc_ssl_name grpc_ssl_server_name grpc_ssl_protocols grpc_ssl_ciphers grpc_socket_keepalive " +
  "fastcgi_param fastcgi_index fastcgi_read_timeout fastcgi_send_timeout fastcgi_connect_timeout";

/** Directives that are not honoured and restrict access: the location is not served. */
const GUARDS = "auth_basic auth_basic_user_file auth_delay auth_jwt auth_jwt_key_file auth_jwt_require auth_request " +
  "internal_redirect keyval limit_conn limit_except " +
  "limit_rate limit_rate_after limit_req max_headers modsecurity modsecurity_rules " +
  "modsecurity_rules_file modsecurity_rules_remote modsecurity_transaction_id proxy_ssl_crl proxy_ssl_trusted_certificate " +
  "proxy_ssl_verify proxy_ssl_verify_depth grpc_ssl_verify grpc_ssl_trusted_certificate realip_header real_ip_header " +
  "real_ip_recursive secure_link secure_link_md5 secure_link_secret set_real_ip_from " +
  "ssl_client_certificate ssl_crl ssl_ocsp " +
  "ssl_reject_handshake ssl_trusted_certificate ssl_verify_client ssl_verify_depth valid_referers " +
  "";

const REFUSED = "alias autoindex create_full_put_path daemon dav_access dav_methods env flv gzip_static_dir include " +
  "index index_name js_access js_body_filter js_content js_header_filter js_import js_include js_path js_set js_var " +
  "load_module lua_package_path lua_package_cpath lua_shared_dict mp4 perl perl_modules perl_require perl_set pid " +
  "random_index root ssl_certificate ssl_certificate_key ssl_password_file proxy_ssl_certificate " +
  "proxy_ssl_certificate_key proxy_ssl_password_file stub_status types user worker_processes xslt_stylesheet " +
  "fastcgi_pass grpc_pass memcached_pass proxy_pass scgi_pass uwsgi_pass";

/** Refused directives that answer requests: the location would do something else than intended, and is not served. */
const HANDLERS: ReadonlySet<string> = new Set(REFUSED.split(" ").filter((name) => name.endsWith("_pass")));

/** Directives of other parts of nginx's configuration. */
const ELSEWHERE =
  "events geo geoip_country geoip2 http http2 limit_conn_zone limit_req_zone listen log_format map map_hash_bucket_size " +
  "map_hash_max_size proxy_cache_path server server_name split_clients stream upstream";

const INSTEAD: Readonly<Record<string, string>> = {
  access_log: "use annotation enable-access-log",
  alias: "let a backend serve files",
  auth_basic: "use annotation auth-type with auth-secret",
  auth_basic_user_file: "use annotation auth-secret",
  auth_request: "use annotation auth-url",
  client_max_body_size: "use annotation proxy-body-size",
  limit_conn: "use annotation limit-connections",
  limit_req: "use annotation limit-rps or limit-rpm",
  limit_rate: "use annotation limit-rate",
  mirror: "use annotation mirror-target",
  modsecurity_rules: "use annotation modsecurity-snippet",
  proxy_buffering: "use annotation proxy-buffering",
  proxy_buffer_size: "use annotation proxy-buffer-size",
  proxy_connect_timeout: "use annotation proxy-connect-timeout",
  proxy_cookie_domain: "use annotation proxy-cookie-domain",
  proxy_cookie_path: "use annotation proxy-cookie-path",
  proxy_http_version: "use annotation proxy-http-version",
  proxy_next_upstream: "use annotation proxy-next-upstream",
  proxy_next_upstream_timeout: "use annotation proxy-next-upstream-timeout",
  proxy_next_upstream_tries: "use annotation proxy-next-upstream-tries",
  proxy_pass: "name a Service in the Ingress",
  proxy_read_timeout: "use annotation proxy-read-timeout",
  proxy_redirect: "use annotations proxy-redirect-from and proxy-redirect-to",
  proxy_request_buffering: "use annotation proxy-request-buffering",
  proxy_send_timeout: "use annotation proxy-send-timeout",
  root: "let a backend serve files",
  satisfy: "use annotation satisfy",
  ssl_ciphers: "use annotation ssl-ciphers",
};

const TABLE = new Map<string, KnownDirective>();

function list(names: string, kind: KnownDirective["kind"], guardsAccess: boolean): void {
  for (const name of names.split(" ")) {
    const instead = Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
    const guards = guardsAccess || HANDLERS.has(name);
    TABLE.set(name, { kind, guardsAccess: guards, ...(instead === undefined ? {} : { instead }) });
  }
}

list(IGNORED, "ignored", false);
list(NOT_HONOURED, "not-honoured", false);
list(GUARDS, "not-honoured", true);
list(REFUSED, "refused", false);

const LUA = /_by_lua(?:_block|_file)?$/;
/** Directives of vendors' modules, all of which protect something. */
const VENDOR =
  /^(?:wallarm_|sigsci_|impv_|app_protect_|coraza|datadome_|perimeterx_|naxsi_|BasicRule$|CheckRule$|SecRules)/;

/** Facts about a directive; `undefined`: neither nginx nor a common module has it. */
export function findKnownDirective(name: string): KnownDirective | undefined {
  const known = TABLE.get(name);
  if (known !== undefined) return known;
  // Lua in the access or rewrite phase usually decides about access, which cannot be seen from outside.
  if (LUA.test(name)) return { kind: "refused", guardsAccess: !/^(?:log|header_filter|body_filter)_/.test(name) };
  if (VENDOR.test(name)) return { kind: "refused", guardsAccess: true };
  return undefined;
}

/** True for a directive of another part of nginx's configuration (http, stream, main). */
export function belongsElsewhere(name: string): boolean {
  return ELSEWHERE.split(" ").includes(name);
}
