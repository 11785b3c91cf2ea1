/**
 * Locations with several upstreams over real sockets, over HTTP/1.1 and HTTP/2: conditions, weights, affinity, upstreams
 * without endpoints, retries.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, describe, it } from "node:test";
import type { DataPlane } from "../../src/proxy/mod.ts";
import type { BackendSet, BalancerSpec, SnapshotUpdate, Upstream } from "../../src/snapshot/snapshot.ts";
import { ask, echoBackend, refusedAddress, serving } from "../support/data-plane.ts";
import { END_HEADERS, END_STREAM, frame, H2Client, request, Type } from "../support/h2-client.ts";
import {
  backend,
  backends,
  fakeCookie,
  firstUpdate,
  laterUpdate,
  location,
  upstream,
  virtualHost,
} from "../support/snapshot.ts";

const HOST = "a.example";
const OLD = "default-old-80";
const NEW = "default-new-80";

const accessLog = {
  enabled: true,
  path: "stdout",
  format: "$request_uri [$proxy_upstream_name] [$proxy_alternative_upstream_name] $status $service_name",
  escape: "default" as const,
  ofDefaultBackend: false,
  skipUrls: [],
};

interface Got {
  readonly status: number;
  /** Name of the backend that answered; empty: none did. */
  readonly name: string;
  readonly setCookie: string | undefined;
}

type AskBy = (plane: DataPlane, path: string, headers?: Readonly<Record<string, string>>) => Promise<Got>;

const nameIn = (text: string): string => text.startsWith("{") ? (JSON.parse(text) as { name: string }).name : "";

const byH1: AskBy = async (plane, path, headers = {}) => {
  const reply = await ask(plane, HOST, path, { headers });
  return { status: reply.status, name: nameIn(reply.text), setCookie: reply.headers["set-cookie"]?.[0] };
};

const byH2: AskBy = async (plane, path, headers = {}) => {
  const client = await H2Client.open(plane.ports.http);
  try {
    client.send(frame(Type.headers, END_STREAM | END_HEADERS, 1, request(path, { fields: Object.entries(headers) })));
    const head = await client.head(1);
    const text = (await client.body(1)).toString();
    return { status: Number(head[":status"]), name: nameIn(text), setCookie: head["set-cookie"] };
  } finally {
    client.close();
  }
};

function update(
  backend: BackendSet,
  upstreams: readonly Upstream[],
  rest: Record<string, unknown> = {},
): SnapshotUpdate {
  const hosts = [virtualHost(HOST, [location("prefix /", undefined, { backend, ...rest })])];
  return firstUpdate({ hosts, upstreams, globals: { accessLog } });
}

const header = (value: string) => ({ kind: "header", name: "x-canary", match: { kind: "exact", value } }) as const;
const cookie = (value: string) => ({ kind: "cookie", name: "canary", value }) as const;

/** What an Ingress with canary-by-header, canary-by-cookie and a weight comes to. */
function canary(weight: number, total = 100): BackendSet {
  return backends([[OLD, total - weight], [NEW, weight]], {
    conditional: [
      { ...backend(NEW), when: header("always") },
      { ...backend(OLD), when: header("never") },
      { ...backend(NEW), when: cookie("always") },
      { ...backend(OLD), when: cookie("never") },
    ],
    whenEmpty: "first",
  });
}

let one: Server & { at: string };
let two: Server & { at: string };
before(async () => {
  [one, two] = [await echoBackend("old"), await echoBackend("new")];
});
after(async () => {
  for (const server of [one, two]) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

for (const [version, askBy] of [["HTTP/1.1", byH1], ["HTTP/2", byH2]] as const) {
  describe(`a location with several upstreams, over ${version}`, () => {
    const both = (): Upstream[] => [upstream(OLD, [one.at]), upstream(NEW, [two.at])];

    it("sends requests where the first condition that holds says, and the log tells", async () => {
      await serving(update(canary(0), both()), async (plane, log) => {
        assert.equal((await askBy(plane, "/plain")).name, "old");
        assert.equal((await askBy(plane, "/header", { "x-canary": "always" })).name, "new");
        assert.equal((await askBy(plane, "/cookie", { "cookie": "canary=always" })).name, "new");
        const never = { "x-canary": "never", "cookie": "canary=always" };
        assert.equal((await askBy(plane, "/never", never)).name, "old");
        await plane.close(1_000);
        assert.deepEqual(log().trim().split("\n").sort(), [
          `/cookie [${OLD}] [${NEW}] 200 echo`,
          `/header [${OLD}] [${NEW}] 200 echo`,
          `/never [${OLD}] [] 200 echo`,
          `/plain [${OLD}] [] 200 echo`,
        ]);
      });
    });

    it("takes weights as shares of their sum, 0 and all included, and changes while it runs", async () => {
      await serving(update(canary(0), both()), async (plane) => {
        const share = async (requests: number): Promise<number> => {
          let count = 0;
          for (let i = 0; i < requests; i++) if ((await askBy(plane, "/")).name === "new") count++;
          return count;
        };
        assert.equal(await share(20), 0);
        const change = (backend: BackendSet): void => {
          plane.apply(laterUpdate({ hosts: [virtualHost(HOST, [location("prefix /", undefined, { backend })])] }));
        };
        change(canary(100));
        assert.equal(await share(20), 20);
        assert.equal((await askBy(plane, "/", { "x-canary": "never" })).name, "old");
        change(canary(500, 1_000));
        const half = await share(200);
        // six standard deviations
        assert.ok(half > 57 && half < 143, `${half} of 200, want about 100`);
        change(canary(1_000, 1_000));
        assert.equal(await share(20), 20);
      });
    });

    it("leaves requests to the first upstream when the chosen one has no endpoints, and answers 503 when the first has none", async () => {
      await serving(update(canary(100), [upstream(OLD, [one.at]), upstream(NEW)]), async (plane, log) => {
        assert.equal((await askBy(plane, "/weight")).name, "old");
        assert.equal((await askBy(plane, "/header", { "x-canary": "always" })).name, "old");
        plane.apply(laterUpdate({ upstreams: [upstream(OLD), upstream(NEW, [two.at])] }));
        assert.equal((await askBy(plane, "/none", { "x-canary": "always" })).status, 503);
        plane.apply(laterUpdate({ removeUpstreams: [NEW], upstreams: [upstream(OLD, [one.at])] }));
        assert.equal((await askBy(plane, "/removed")).name, "old");
        plane.apply(laterUpdate({ upstreams: [upstream(NEW, [two.at])] }));
        assert.equal((await askBy(plane, "/back")).name, "new");
        await plane.close(1_000);
        assert.deepEqual(log().trim().split("\n").sort(), [
          `/back [${OLD}] [${NEW}] 200 echo`,
          `/header [${OLD}] [] 200 echo`,
          `/none [${OLD}] [] 503 echo`,
          `/removed [${OLD}] [] 200 echo`,
          `/weight [${OLD}] [] 200 echo`,
        ]);
      });
    });

    it("refuses the share of an upstream without endpoints where nobody stands in for it", async () => {
      const set = backends([[OLD, 1], [NEW, 1]], { conditional: [{ ...backend(NEW), when: header("always") }] });
      await serving(update(set, [upstream(OLD, [one.at]), upstream(NEW)]), async (plane) => {
        assert.equal((await askBy(plane, "/", { "x-canary": "always" })).status, 503);
        plane.apply(laterUpdate({ upstreams: [upstream(OLD), upstream(NEW, [two.at])] }));
        assert.equal((await askBy(plane, "/", { "x-canary": "always" })).name, "new");
      });
    });

    it("asks the annotation default-backend where there is one", async () => {
      const upstreams = [upstream(OLD), upstream(NEW), upstream("default-spare-80", [two.at])];
      await serving(update(canary(100), upstreams, { defaultBackend: "default-spare-80" }), async (plane) => {
        assert.equal((await askBy(plane, "/")).name, "new");
      });
    });

    it("retries within the chosen upstream only", async () => {
      const [dead, other] = [await refusedAddress(), await refusedAddress()];
      const upstreams = [upstream(OLD, [one.at]), upstream(NEW, [dead, other])];
      await serving(update(canary(100), upstreams), async (plane) => {
        for (let i = 0; i < 5; i++) assert.equal((await askBy(plane, "/")).status, 502);
        plane.apply(laterUpdate({ upstreams: [upstream(NEW, [dead, two.at])] }));
        for (let i = 0; i < 5; i++) assert.equal((await askBy(plane, "/")).name, "new");
      });
    });

    const sticky: BalancerSpec = {
      kind: "sticky",
      mode: "balanced",
      changeOnFailure: false,
      cookie: fakeCookie("SID"),
    };
    const policies = { "affinity-cookie": { enabled: true } } as const;
    const kept = (got: Got): Record<string, string> => ({ cookie: got.setCookie!.split(";")[0]! });

    it("keeps clients with the upstream that their cookie is of, whatever conditions and weights say", async () => {
      const upstreams = [
        upstream(OLD, [one.at], { balancer: sticky }),
        upstream(NEW, [two.at], { balancer: sticky }),
      ];
      await serving(update(canary(0), upstreams, { policies }), async (plane) => {
        const ofOld = kept(await askBy(plane, "/"));
        const fromNew = await askBy(plane, "/", { "x-canary": "always" });
        assert.equal(fromNew.name, "new");
        const ofNew = kept(fromNew);
        const stays = await askBy(plane, "/", { ...ofOld, "x-canary": "always" });
        assert.equal(stays.name, "old");
        assert.equal(stays.setCookie, undefined);
        assert.equal((await askBy(plane, "/", ofNew)).name, "new");
        assert.equal((await askBy(plane, "/", { ...ofNew, "x-canary": "never" })).name, "new");
        // its endpoints have gone
        plane.apply(laterUpdate({ upstreams: [upstream(NEW, [], { balancer: sticky })] }));
        assert.equal((await askBy(plane, "/", ofNew)).name, "old");
      });
    });

    it("keeps clients with the first upstream only, where the other one binds none", async () => {
      const upstreams = [upstream(OLD, [one.at], { balancer: sticky }), upstream(NEW, [two.at])];
      await serving(update(canary(0), upstreams, { policies }), async (plane) => {
        const fromNew = await askBy(plane, "/", { "x-canary": "always" });
        assert.equal(fromNew.name, "new");
        assert.equal(fromNew.setCookie, undefined);
        const ofOld = kept(await askBy(plane, "/"));
        assert.equal((await askBy(plane, "/", { ...ofOld, "x-canary": "always" })).name, "old");
      });
    });
  });
}
