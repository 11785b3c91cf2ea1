import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createCompiler } from "../../../src/compiler/mod.ts";
import type { Diagnostic } from "../../../src/diagnostic.ts";
import { Store } from "../../../src/kube/mod.ts";
import type { VirtualHost } from "../../../src/snapshot/mod.ts";
import { compilerOptions, configMap, ingress, type Rules, service, slice } from "../../support/compiler.ts";

interface Given {
  readonly paths: Rules[string];
  readonly server?: string;
  readonly configuration?: string;
  /** Of the ConfigMap. */
  readonly globalServer?: string;
  readonly globalLocation?: string;
  readonly regex?: boolean;
}

function compile(given: Given): { readonly host: VirtualHost; readonly diagnostics: readonly Diagnostic[] } {
  const store = new Store();
  const annotations: Record<string, string> = {};
  if (given.server !== undefined) annotations["server-snippet"] = given.server;
  if (given.configuration !== undefined) annotations["configuration-snippet"] = given.configuration;
  if (given.regex === true) annotations["use-regex"] = "true";
  const data: Record<string, string> = { "allow-snippet-annotations": "true", "annotations-risk-level": "Critical" };
  if (given.globalServer !== undefined) data["server-snippet"] = given.globalServer;
  if (given.globalLocation !== undefined) data["location-snippet"] = given.globalLocation;
  store.apply({
    put: [
      configMap("config", data),
      ingress("app", { "a.example": given.paths }, { annotations }),
      service("echo", ["80:8080"]),
      slice("echo", ["10.0.0.1"]),
    ],
    remove: [],
  });
  const { snapshot, diagnostics } = createCompiler(compilerOptions({ configMap: "default/config" })).compile(store, []);
  const found = diagnostics.filter(({ reason, message }) =>
    (reason === "DuplicateLocation" || reason === "LocationWithoutEffect" || message.startsWith("use a snippet")) &&
    !message.includes('host "_"')
  );
  return { host: snapshot.virtualHosts["a.example"]!, diagnostics: found };
}

/** `null`: the host is served. */
const deniedOf = (host: VirtualHost): string | null => host.policies["server-snippet"]?.program.denied ?? null;

const block = (match: string) => `# a block\nlocation ${match} { deny all; }`;

describe("a location block of server-snippet that nginx refuses as a duplicate closes the host", () => {
  const rows: readonly (readonly [what: string, given: Given, names: string])[] = [
    ["/ and the path /", { paths: { "/": "echo" }, server: block("/") }, 'Prefix path "/" of Ingress "default/app"'],
    [
      "/ without such a path",
      { paths: { "/x": "echo" }, server: block("/") },
      'Prefix path "/" of Ingress "default/app"',
    ],
    ["^~ / and the path /", { paths: { "/": "echo" }, server: block("^~ /") }, 'Prefix path "/"'],
    ["/x/ and Prefix /x", { paths: { "/x": "echo" }, server: block("/x/") }, 'Prefix path "/x"'],
    ["= /x and Prefix /x", { paths: { "/x": "echo" }, server: block("= /x") }, 'Prefix path "/x"'],
    ["= /x and Exact /x", { paths: { "=/x": "echo" }, server: block("=/x") }, 'Exact path "/x"'],
    ["^~ /x/ and Prefix /x/", { paths: { "/x/": "echo" }, server: block("^~ /x/") }, 'Prefix path "/x/"'],
    [
      "/ of the ConfigMap",
      { paths: { "/": "echo" }, globalServer: block("/") },
      'location "/" of server-snippet of the ConfigMap, line 2, column 1, on host "a.example": Prefix path "/"',
    ],
    [
      "~* ^/x of the ConfigMap and the regex ^/x",
      { paths: { "/x": "echo" }, regex: true, globalServer: block("~* ^/x") },
      'Prefix path "/x"',
    ],
    [
      "= /y in both snippets",
      { paths: { "/": "echo" }, server: block("= /y"), globalServer: block("= /y") },
      'location "= /y" of server-snippet, line 2, column 1, is the same',
    ],
    [
      "@n in both snippets",
      { paths: { "/": "echo" }, server: block("@n"), globalServer: block("@n") },
      'location "@n" of server-snippet, line 2, column 1, is the same',
    ],
    [
      "~ /y in both snippets",
      { paths: { "/": "echo" }, server: block("~ /y"), globalServer: block("~ /y") },
      'location "~ /y" of server-snippet, line 2, column 1, is the same',
    ],
  ];
  for (const [what, given, names] of rows) {
    test(what, () => {
      const { host, diagnostics } = compile(given);
      assert.deepEqual(diagnostics.map(({ reason, severity }) => [reason, severity]), [["DuplicateLocation", "error"]]);
      const { message, effect, object } = diagnostics[0]!;
      assert.ok(message.includes("line 2, column 1,"), message);
      assert.ok(message.includes(names), message);
      assert.equal(effect, "the host answers 503");
      assert.deepEqual(object, { kind: "Ingress", namespace: "default", name: "app" });
      assert.equal(deniedOf(host), message);
    });
  }
});

describe("a location block that nginx takes leaves the host open", () => {
  const rows: readonly (readonly [what: string, given: Given])[] = [
    ["= / beside Prefix /", { paths: { "/": "echo" }, server: block("= /") }],
    ["/x beside Prefix /x", { paths: { "/x": "echo" }, server: block("/x") }],
    ["/x/ beside Exact /x", { paths: { "=/x": "echo" }, server: block("/x/") }],
    ["= /x beside Prefix /x/", { paths: { "/x/": "echo" }, server: block("= /x") }],
    ["~ ^/ beside Prefix /", { paths: { "/": "echo" }, server: block("~ ^/") }],
    ["a regex that comes before an equal path", { paths: { "/x": "echo" }, regex: true, server: block("~* ^/x") }],
    ["^~ /x on a host of regexes", { paths: { "/x": "echo" }, regex: true, server: block("^~ /x") }],
    ["= /x on a host of regexes", { paths: { "/x": "echo" }, regex: true, server: block("= /x") }],
  ];
  for (const [what, given] of rows) {
    test(what, () => {
      const { host, diagnostics } = compile(given);
      assert.deepEqual(diagnostics, []);
      assert.equal(deniedOf(host), null);
    });
  }
});

describe("a location block that never gets a request has a warning", () => {
  const rows: readonly (readonly [what: string, given: Given, message: string])[] = [
    [
      "a prefix on a host of regexes",
      { paths: { "/x": "echo" }, regex: true, server: block("/x/y") },
      'the paths of the host are regular expressions, and that of "/" takes all of its requests; "^~" lets it win',
    ],
    [
      "a regex of the ConfigMap on a host of regexes",
      { paths: { "/x": "echo" }, regex: true, globalServer: block("~ \\.php$") },
      'the paths of the host are regular expressions, and that of "/" takes all of its requests',
    ],
    [
      "a prefix of the ConfigMap below a regex of the annotation",
      { paths: { "/x": "echo" }, server: block("~ ^/adm"), globalServer: block("/admin") },
      'location "~ ^/adm" of server-snippet, line 2, column 1, takes all of its requests',
    ],
    [
      "a regex of the one path that a Prefix path takes exactly",
      { paths: { "/admin": "echo" }, server: block("~ ^/admin$") },
      'Prefix path "/admin" of Ingress "default/app" takes all of its requests',
    ],
    [
      "an escaped regex of the one path of an Exact path",
      { paths: { "=/a.b": "echo" }, server: block("~ ^/a\\.b$") },
      'Exact path "/a.b" of Ingress "default/app" takes all of its requests',
    ],
    [
      "a regex of one path, and the same path exact in the ConfigMap",
      { paths: { "/": "echo" }, server: block("~ ^/x$"), globalServer: block("= /x") },
      'location "= /x" of server-snippet of the ConfigMap, line 2, column 1, takes all of its requests',
    ],
    [
      "a regex behind the same one without regard to case",
      { paths: { "/": "echo" }, server: block("~* x$") + "\n" + block("~ x$") },
      'location "~* x$" of line 2 takes all of its requests',
    ],
    [
      "a regex without regard to case behind one without letters",
      { paths: { "/": "echo" }, server: block("~ ^/") + "\n" + block("~* ^/x$") },
      'location "~ ^/" of line 2 takes all of its requests',
    ],
    [
      "a regex of the ConfigMap below a regex of the annotation",
      { paths: { "/x": "echo" }, server: block("~ ^/adm"), globalServer: block("~ ^/admin/[xy]$") },
      'location "~ ^/adm" of server-snippet, line 2, column 1, takes all of its requests',
    ],
  ];
  for (const [what, given, message] of rows) {
    test(what, () => {
      const { host, diagnostics } = compile(given);
      assert.deepEqual(diagnostics.map(({ reason, severity }) => [reason, severity]), [
        ["LocationWithoutEffect", "warning"],
      ]);
      assert.ok(diagnostics[0]!.message.endsWith(message), diagnostics[0]!.message);
      assert.equal(deniedOf(host), null);
    });
  }
});

describe("a location block of configuration-snippet", () => {
  const rows: readonly (readonly [what: string, given: Given, reasons: readonly string[]])[] = [
    ["within a Prefix path", { paths: { "/x": "echo" }, configuration: block("/x/y") }, []],
    ["within the root that the Ingress made", { paths: { "/x": "echo" }, configuration: block("= /y") }, []],
    ["within a regex", { paths: { "/x": "echo" }, regex: true, configuration: block("/x/y") }, []],
    ["of both snippets", { paths: { "/": "echo" }, configuration: block("/x"), globalLocation: block("/x") }, [
      "DuplicateLocation",
    ]],
  ];
  for (const [what, given, reasons] of rows) {
    test(`${what} ${reasons.length === 0 ? "is taken" : "closes the paths"}`, () => {
      const { host, diagnostics } = compile(given);
      assert.deepEqual(diagnostics.map(({ reason }) => reason), reasons);
      assert.equal(host.locations.every(({ denied }) => denied !== null), reasons.length > 0);
    });
  }

  test("outside all paths that it stands in closes them", () => {
    const store = new Store();
    const data = { "allow-snippet-annotations": "true", "annotations-risk-level": "Critical" };
    store.apply({
      put: [
        configMap("config", data),
        ingress("first", { "a.example": { "/": "echo" } }),
        ingress("second", { "a.example": { "/x": "echo" } }, {
          annotations: { "configuration-snippet": block("/y") },
          createdMs: 1,
        }),
      ],
      remove: [],
    });
    const { snapshot, diagnostics } = createCompiler(compilerOptions({ configMap: "default/config" })).compile(
      store,
      [],
    );
    const found = diagnostics.filter(({ reason }) => reason === "LocationWithoutEffect");
    assert.deepEqual(found.map(({ severity, object, effect }) => [severity, object?.name, effect]), [
      ["error", "second", "the paths of the Ingress on this host answer 503"],
    ]);
    assert.deepEqual(
      snapshot.virtualHosts["a.example"]!.locations.map(({ path, denied }) => [path, denied !== null]),
      [["/x", true], ["/x", true], ["/", false]],
    );
  });
});

describe("a setting of a snippet without effect has a warning", () => {
  const page = "which no location of a server-snippet takes";
  const rows: readonly (readonly [what: string, given: Given, message?: string])[] = [
    ["a named page that is not there", { paths: { "/": "echo" }, server: "error_page 403 @n;" }, `"@n", ${page}`],
    ["a page that is not there", { paths: { "/": "echo" }, configuration: "error_page 403 /p;" }, `"/p", ${page}`],
    [
      "a page in an if that is not there",
      { paths: { "/": "echo" }, configuration: "if ($uri) { error_page 403 /p; }" },
      `"/p", ${page}`,
    ],
    [
      "pages that are there",
      {
        paths: { "/": "echo" },
        server: "location = /p { return 200; } location @n { return 200; } error_page 404 /p?a;",
        globalServer: "location ~ ^/q { error_page 500 /p; deny all; }",
        configuration: "error_page 403 @n; error_page 401 /q/x; error_page 402 $uri;",
      },
    ],
    [
      "expires in both snippets of paths",
      { paths: { "/": "echo" }, configuration: "expires 1h;", globalLocation: "expires 2h;" },
      "expires stands in the snippets of both the Ingress and the ConfigMap",
    ],
    [
      "a page for one status in both snippets",
      {
        paths: { "/": "echo" },
        server: "error_page 403 http://a.example/;",
        globalServer: "error_page 403 404 http://b.example/;",
      },
      "error_page for 403 stands in both snippets",
    ],
  ];
  for (const [what, given, message] of rows) {
    test(`${what}${message === undefined ? ": none" : ""}`, () => {
      const { diagnostics } = compile(given);
      assert.equal(diagnostics.length, message === undefined ? 0 : 1, JSON.stringify(diagnostics));
      if (message === undefined) return;
      assert.equal(diagnostics[0]!.severity, "warning");
      assert.ok(diagnostics[0]!.message.endsWith(message), diagnostics[0]!.message);
    });
  }
});
