import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspectDeeply } from "../../../../src/compiler/ingress/deep-inspect.ts";
import type { Ingress } from "../../../../src/kube/mod.ts";
import { ingress } from "../../../support/compiler.ts";

const PATH = "spec.rules[0].http.paths[0].path";

const withTls = (tls: Ingress["spec"]["tls"]): Ingress => ingress("a", { "a.example": { "/": "app" } }, { tls });

describe("inspectDeeply()", () => {
  const suspicious: readonly (readonly [string, Ingress, string])[] = [
    ["a file of passwords", ingress("a", { "a.example": { "/x/etc/passwd": "app" } }), PATH],
    ["the files of a service account", ingress("a", { "a.example": { "/var/run/secrets/x": "app" } }), PATH],
    ["Lua", ingress("a", { "a.example": { "/x content_by_lua_block {}": "app" } }), PATH],
    ["a directive", ingress("a", { "a.example": { "/x { alias /; }": "app" } }), PATH],
    ["a directive in a host", ingress("a", { "a; root /tmp;": { "/": "app" } }), "spec.rules[0].host"],
    [
      "a file in a TLS host",
      withTls([{ hosts: ["a.example", "/etc/nginx"], secretName: "s" }]),
      "spec.tls[0].hosts[1]",
    ],
    ["a file in a Secret's name", withTls([{ hosts: [], secretName: "/etc/shadow" }]), "spec.tls[0].secretName"],
  ];
  for (const [name, object, field] of suspicious) {
    test(`finds ${name}`, () => assert.equal(inspectDeeply(object)?.field, field));
  }

  for (const path of ["/", "/alias/root/", "/root file", "/etc", "/api/v1;a=b", "/passwd", "/a root b"]) {
    test(`takes "${path}" for what it is`, () => {
      assert.equal(inspectDeeply(ingress("a", { "a.example": { [path]: "app" } })), undefined);
    });
  }
});
