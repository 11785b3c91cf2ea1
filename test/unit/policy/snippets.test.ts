import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configurationSnippet } from "../../../src/policy/configuration-snippet.ts";
import { type PolicyHooks, SEARCH_AGAIN } from "../../../src/policy/contract.ts";
import { ConfigReader } from "../../../src/policy/config-reader.ts";
import { globalServerSnippet, serverSnippet } from "../../../src/policy/server-snippet.ts";
import type { Policies } from "../../../src/snapshot/snapshot.ts";
import { fakeContext, fakeExchange, runRequest, runResponse } from "../../support/exchange.ts";
import { fakeScope, type FakeSurroundings, parsePolicy } from "../../support/policy.ts";

const DENY_AGENTS = "if ($http_user_agent ~* (Scrapy|Go-http-client|HttpClient|curl)) {\n  return 403;\n}\n";

/** Policies of a host with these snippets. */
function hostOf(annotations: Record<string, string>, config: Record<string, string> = {}): Policies {
  const own = parsePolicy(serverSnippet, annotations, { config }).policy;
  const global = parsePolicy(globalServerSnippet, {}, { config }).policy;
  const policies = {
    ...own === undefined ? {} : { "server-snippet": own },
    ...global === undefined ? {} : { "global-server-snippet": global },
  };
  return JSON.parse(JSON.stringify(policies));
}

function hostHooks(host: Policies): PolicyHooks | undefined {
  return serverSnippet.hooks(undefined, fakeScope({ path: null, hostPolicies: host }));
}

function locationHooks(annotations: Record<string, string>, host: Policies = {}, around: FakeSurroundings = {}) {
  const { policy } = parsePolicy(configurationSnippet, annotations, around);
  return configurationSnippet.hooks(policy, fakeScope({ hostPolicies: host }));
}

const agent = (name: string) => fakeExchange({ headers: { "User-Agent": name } });

describe("server-snippet", () => {
  test("answers by user agent, before the location is searched", () => {
    const hooks = hostHooks(hostOf({ "server-snippet": DENY_AGENTS }));
    assert.deepEqual(runRequest(hooks, agent("curl/8.5.0"))?.status, 403);
    assert.deepEqual(runRequest(hooks, agent("Apache-HttpClient/4.5"))?.status, 403);
    assert.equal(runRequest(hooks, agent("Mozilla/5.0")), undefined);
    assert.equal(runRequest(hooks, fakeExchange()), undefined);
  });

  test("text that is no configuration is reported with its place, and closes the host", () => {
    const { policy, findings } = parsePolicy(serverSnippet, { "server-snippet": "if ($x {\n return 200;" });
    assert.match(findings[0]!, /^server-snippet: read server-snippet, line \d+, column \d+: /);
    const host = { "server-snippet": policy! };
    assert.equal(runRequest(hostHooks(host), fakeExchange())?.status, 503);
  });

  test("location blocks answer in place of the host's locations where they match better", () => {
    const text = 'location = /ping { return 200 "pong"; }\nlocation /static/ { return 404; }';
    const hooks = hostHooks(hostOf({ "server-snippet": text }))!;
    const found = { exact: false, prefixLength: 1, regex: false };
    const ping = fakeExchange({ target: "/ping" });
    const answer = hooks.locate!(ping, found)!(fakeContext(ping));
    assert.equal((answer as { status: number }).status, 200);
    assert.equal(hooks.locate!(fakeExchange({ target: "/other" }), found), undefined);
    assert.equal(hooks.locate!(fakeExchange({ target: "/static/x" }), { ...found, regex: true }), undefined);
    assert.notEqual(hooks.locate!(fakeExchange({ target: "/static/x" }), found), undefined);
  });

  test("fields stand on answers before a location was chosen; locations inherit them", () => {
    const host = hostOf({ "server-snippet": 'more_set_headers "X-Srv: yes";' });
    const early = fakeExchange({ status: 403, response: {} });
    runResponse(hostHooks(host), early);
    assert.equal(early.response!.get("x-srv"), "yes");

    const location = fakeScope().location;
    const late = fakeExchange({ status: 200, response: {}, location });
    runResponse(hostHooks(host), late);
    assert.equal(late.response!.has("x-srv"), false, "left to the location");
    const hooks = locationHooks({}, host);
    runRequest(hooks, late);
    runResponse(hooks, late);
    assert.deepEqual(late.response!.getAll("x-srv"), ["yes"]);
  });

  test("that of the ConfigMap runs after those of the Ingress, and may use their variables", () => {
    const host = hostOf({ "server-snippet": "set $mine 1;" }, { "server-snippet": "if ($arg_stop) { return 418; }" });
    const scope = fakeScope({ path: null, hostPolicies: host });
    assert.equal(runRequest(serverSnippet.hooks(undefined, scope), fakeExchange({ target: "/?stop=1" })), undefined);
    const late = globalServerSnippet.hooks({} as never, scope);
    assert.equal(runRequest(late, fakeExchange({ target: "/?stop=1" }))?.status, 418);
    assert.equal(runRequest(late, fakeExchange()), undefined);
  });

  test("findings about the ConfigMap's are told once, under its key", () => {
    const told: string[] = [];
    const config = new ConfigReader(new Map([["server-snippet", "no_such_directive;"]]), (key) => told.push(key));
    const input = {
      namespace: "default",
      ingressName: "app",
      paths: [],
      hosts: [],
      annotation: () => undefined,
      globals: fakeScope().globals,
      config,
      secret: () => undefined,
      configMap: () => undefined,
      report: () => assert.fail("not about the Ingress"),
      deny: () => {},
    };
    globalServerSnippet.parse(input);
    globalServerSnippet.parse(input);
    assert.deepEqual(told, ["server-snippet"]);
  });
});

describe("configuration-snippet", () => {
  test("runs its statements in the rewrite step", () => {
    const hooks = locationHooks({ "configuration-snippet": "if ($request_method = POST) { return 405; }" });
    assert.equal(runRequest(hooks, fakeExchange({ method: "POST" }))?.status, 405);
    assert.equal(runRequest(hooks, fakeExchange()), undefined);
  });

  test("rewrite ... last asks for a new search", () => {
    const hooks = locationHooks({ "configuration-snippet": "rewrite ^/old/(.*)$ /new/$1 last;" })!;
    const exchange = fakeExchange({ target: "/old/x" });
    assert.equal(hooks.request!(fakeContext(exchange)), SEARCH_AGAIN);
    assert.equal(exchange.path, "/new/x");
  });

  test("allow and deny hold in the access step, proxy_set_header just before proxying", () => {
    const text = 'deny 127.0.0.5;\nproxy_set_header X-Custom "v-$remote_addr";';
    const hooks = locationHooks({ "configuration-snippet": text })!;
    const access = (clientAddress: string) => {
      const exchange = fakeExchange({ clientAddress });
      runRequest(hooks, exchange);
      return { verdict: hooks.access!(fakeContext(exchange)), sent: exchange.request.get("x-custom") };
    };
    assert.deepEqual(access("127.0.0.5"), { verdict: { status: 403 }, sent: undefined });
    assert.deepEqual(access("127.0.0.6"), { verdict: undefined, sent: "v-127.0.0.6" });
  });

  test("error_page names another answer for those made here", () => {
    const hooks = locationHooks({ "configuration-snippet": "error_page 403 https://sorry.example/;" })!;
    const exchange = fakeExchange();
    runRequest(hooks, exchange);
    assert.equal(hooks.errorPage!(exchange, { status: 403 }).status, 302);
    assert.deepEqual(hooks.errorPage!(exchange, { status: 404 }), { status: 404 });
  });

  test("knows the variables of the Ingress's other snippet, of its paths and hosts, and of the ConfigMap's", () => {
    const annotations = {
      "server-snippet": "set $from_server 1;",
      "configuration-snippet": 'more_set_headers "X: $from_server$id$subdomain$from_config";',
    };
    const around = {
      config: { "location-snippet": "set $from_config 2;" },
      paths: ["/item/(?<id>[0-9]+)"],
      hosts: ["*.a.example"],
    };
    assert.deepEqual(parsePolicy(configurationSnippet, annotations, around).findings, []);
    const { findings } = parsePolicy(configurationSnippet, {
      "configuration-snippet": 'more_set_headers "X: $nobody";',
    });
    assert.match(findings[0]!, /unknown variable "\$nobody"/);
  });

  test("location-snippet of the ConfigMap holds for every location, after the annotation's", () => {
    const config = { "location-snippet": 'more_set_headers "X-A: config" "X-B: config";' };
    const hooks = locationHooks({ "configuration-snippet": 'more_set_headers "X-A: own";' }, {}, { config });
    const exchange = fakeExchange({ response: {}, location: fakeScope().location });
    runRequest(hooks, exchange);
    runResponse(hooks, exchange);
    assert.equal(exchange.response!.get("x-b"), "config");
    const { programs } = parsePolicy(configurationSnippet, {}, { config }).policy!;
    assert.equal(programs.length, 1);
  });

  test("asks for nothing where there is none", () => {
    assert.equal(parsePolicy(configurationSnippet, {}).policy, undefined);
    assert.equal(locationHooks({})?.request, undefined);
  });

  test("equal snippets of many Ingresses are parsed once", () => {
    const first = parsePolicy(configurationSnippet, { "configuration-snippet": DENY_AGENTS }).policy!;
    const second = parsePolicy(configurationSnippet, { "configuration-snippet": DENY_AGENTS }).policy!;
    assert.equal(first.programs[0], second.programs[0]);
  });
});
