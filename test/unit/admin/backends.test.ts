import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listBackends } from "../../../src/admin/backends.ts";
import type { BalancerSpec, Snapshot } from "../../../src/snapshot/mod.ts";
import { compilePattern } from "../../../src/nginx/mod.ts";
import { backend, backends, location, upstream, virtualHost } from "../../support/snapshot.ts";

function snapshot(balancer: BalancerSpec): Snapshot {
  const policies = { "affinity-cookie": { enabled: true } } as const;
  const host = virtualHost("a.example", [
    location("prefix /a/", "d-echo-80", { path: "/a", policies }),
    location("exact /a", "d-echo-80", { path: "/a", policies }),
    location("prefix /b/", "d-echo-80", { path: "/b" }),
  ]);
  return {
    virtualHosts: { "a.example": host },
    upstreams: { "d-echo-80": upstream("d-echo-80", ["10.0.0.1:80"], { balancer }) },
  } as unknown as Snapshot;
}

describe("listBackends()", () => {
  it("shows affinity with the paths that set the cookie", () => {
    const cookie = {
      name: "SID",
      path: null,
      domain: null,
      sameSite: "Lax",
      conditionalSameSiteNone: false,
      expiresSeconds: 60,
      maxAgeSeconds: null,
      secure: true,
    } as const;
    const [backend] = listBackends(snapshot({ kind: "sticky", mode: "persistent", changeOnFailure: true, cookie }));
    assert.deepEqual(backend!.sessionAffinityConfig, {
      name: "cookie",
      mode: "persistent",
      cookieSessionAffinity: {
        name: "SID",
        expires: "60",
        locations: { "a.example": ["/a"] },
        secure: true,
        samesite: "Lax",
        change_on_failure: true,
      },
    });
  });

  it("shows none otherwise", () => {
    const [backend] = listBackends(snapshot({ kind: "ewma" }));
    assert.deepEqual(backend!.sessionAffinityConfig, { name: "", mode: "", cookieSessionAffinity: { name: "" } });
    assert.equal(backend!["load-balance"], "ewma");
  });

  it("shows the upstreams of a location beside its first, and how requests come to them", () => {
    const result = compilePattern("^(a|b)$", { caseInsensitive: false, bytes: true });
    assert.ok(result.ok);
    const to = { ...backend("d-new-80") };
    const always = { kind: "header", name: "X-Canary", match: { kind: "exact", value: "always" } } as const;
    const pattern = { kind: "header", name: "X-Canary", match: { kind: "pattern", pattern: result.pattern } } as const;
    const value = { kind: "header", name: "X-Canary", match: { kind: "exact", value: "me" } } as const;
    const cookie = { kind: "cookie", name: "canary", value: "always" } as const;
    const plain = {
      weight: 20,
      weightTotal: 200,
      header: "X-Canary",
      headerValue: "",
      headerPattern: "",
      cookie: "canary",
    };
    for (
      const [when, wanted] of [
        [always, plain],
        [pattern, { ...plain, headerPattern: "^(a|b)$" }],
        [value, { ...plain, headerValue: "me" }],
      ] as const
    ) {
      const conditional = [{ ...to, when }, { ...to, when: cookie }];
      const set = backends([["d-echo-80", 180], ["d-new-80", 20]], { conditional });
      const host = virtualHost("a.example", [location("prefix /", undefined, { backend: set })]);
      const upstreams = { "d-echo-80": upstream("d-echo-80"), "d-new-80": upstream("d-new-80") };
      const shown = listBackends({ virtualHosts: { "a.example": host }, upstreams } as unknown as Snapshot);
      const [main, other] = shown.filter(({ name }) => name !== "upstream-default-backend");
      assert.deepEqual(main!.alternativeBackends, ["d-new-80"]);
      assert.equal(main!.noServer, false);
      assert.equal(main!.trafficShapingPolicy.weight, 0);
      assert.equal(other!.noServer, true);
      assert.equal("alternativeBackends" in other!, false);
      assert.deepEqual(other!.trafficShapingPolicy, wanted);
    }
  });

  it("shows an ExternalName Service by its name and port", () => {
    const external = { ...upstream("default-ext-80"), dns: { hostname: "app.example.com", port: 8080 } };
    const snapshot = { upstreams: { [external.name]: external }, virtualHosts: {} } as unknown as Snapshot;
    const backend = listBackends(snapshot).find(({ name }) => name === external.name);
    assert.deepEqual(backend?.endpoints, [{ address: "app.example.com", port: "8080" }]);
  });
});
