import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import type { SourceRef } from "../../../../src/diagnostic.ts";
import { type ManifestText, readManifestText } from "../../../../src/kube/manifest/manifest-text.ts";
import { fieldSteps, Places } from "../../../../src/kube/manifest/places.ts";
import { parseYaml } from "../../../../src/kube/manifest/yaml.ts";
import { keyOf } from "../../../../src/kube/mod.ts";
import { fileSource, ingressText } from "../../../support/manifest-folder.ts";

async function read(text: string | Uint8Array, file = "a.yaml", former?: ManifestText): Promise<ManifestText> {
  const reading = await readManifestText(file, Buffer.from(text as string), former);
  assert(reading.kind === "read", JSON.stringify(reading));
  return reading.text;
}

function place(source: SourceRef | undefined): string {
  const { line, column } = fileSource(source);
  return `${line}:${column}`;
}

async function broken(text: string | Uint8Array, file = "a.yaml"): Promise<string> {
  const reading = await readManifestText(file, Buffer.from(text as string));
  assert(reading.kind === "broken");
  return `${place(reading.problem.source)} ${reading.problem.message}`;
}

const objects = (text: ManifestText) =>
  text.documents.flatMap((document) => document.objects).map((object) =>
    `${keyOf(object)}@${fileSource(object.source).line}`
  );
const findings = (text: ManifestText) =>
  text.documents.flatMap((document) => document.diagnostics)
    .map(({ source, field, message }) => `${place(source)} ${field}: ${message}`);

const CONFIG = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
const ITEM = (name: string) => `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}`;

describe("readManifestText()", () => {
  test("reads several documents and knows the line of each", async () => {
    const text = await read(`# first\n---\n${CONFIG("a")}---\n# second\n${CONFIG("b")}...\n${CONFIG("c")}`);
    assert.deepEqual(objects(text), ["ConfigMap/default/a@3", "ConfigMap/default/b@8", "ConfigMap/default/c@12"]);
  });

  test("reads the items of a List, and knows the place of each", async () => {
    const text = await read(
      `kind: List\napiVersion: v1\nitems:\n- ${
        ITEM("a")
      }\n-\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n- null\n`,
    );
    assert.deepEqual(objects(text), ["ConfigMap/default/a@4", "ConfigMap/default/b@6"]);
  });

  test("reads typed lists, whose items do not name their kind, and lists in lists", async () => {
    const text = await read(`kind: ConfigMapList\napiVersion: v1\nitems:\n- metadata: {name: a}\n`);
    assert.deepEqual(objects(text), ["ConfigMap/default/a@4"]);
    const nested = await read(
      `kind: List\napiVersion: v1\nitems: [{kind: List, apiVersion: v1, items: [${ITEM("a")}]}]\n`,
    );
    assert.deepEqual(objects(nested), ["ConfigMap/default/a@3"]);
    assert.deepEqual(objects(await read("kind: List\nitems: null\n")), []);
    assert.deepEqual(findings(await read("kind: List\nitems: 7\n")), [
      "1:undefined items: Invalid value: must be a list",
    ]);
  });

  test("reads !!binary as kubectl does: the text that the base64 stands for", () => {
    const rows: [text: string, value: unknown][] = [
      ["a: !!binary aGVsbG8=", "hello"],
      ["a: !!binary |\n  aGVs\n  bG8=\n", "hello"],
      ["a: !!binary w6k=", "\u00e9"],
      ["a: !!binary //79", "\ufffd\ufffd\ufffd"],
      ["a: !!binary ''", ""],
    ];
    for (const [text, value] of rows) assert.deepEqual(parseYaml(text), { a: value }, text);
    for (const text of ["a: !!binary aGVsbG8", "a: !!binary 'aG Vs'", "a: !!binary [1]"]) {
      assert.throws(() => parseYaml(text), { name: "YamlError" }, text);
    }
  });

  test("the data of a Secret may be !!binary of its base64", async () => {
    const head = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
    const [found] = (await read(`${head}data: {key: !!binary YUdrPQ==}\n`)).documents.flatMap((each) => each.objects);
    assert(found?.kind === "Secret");
    assert.equal(new TextDecoder().decode(found.data.get("key")), "hi");
    assert.match(findings(await read(`${head}data: {key: !!binary aGk=}\n`)).join(), /must be base64/);
  });

  test("reads JSON, with a byte order mark too", async () => {
    const json = JSON.stringify(
      { kind: "List", items: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }] },
      null,
      1,
    );
    assert.deepEqual(objects(await read(json, "a.json")), ["ConfigMap/default/a@4"]);
    assert.deepEqual(objects(await read(`\ufeff${json}`, "a.json")), ["ConfigMap/default/a@4"]);
    assert.match(await broken('{"a": 1,\n "b": ]}', "a.json"), /^2:7 /);
  });

  test("reads CRLF, a byte order mark, anchors and merge keys", async () => {
    const text = await read(
      `\ufeffapiVersion: v1\r\nkind: ConfigMap\r\nmetadata:\r\n  name: &n a\r\n  labels: &l {x: "1"}\r\n  annotations: {<<: *l, y: *n}\r\ndata:\r\n  text: |\r\n    one\r\n    two\r\n`,
    );
    const [object] = text.documents[0]?.objects ?? [];
    assert(object?.kind === "ConfigMap");
    assert.deepEqual({ ...object.metadata.annotations }, { x: "1", y: "a" });
    assert.equal(object.data.get("text"), "one\ntwo\n");
  });

  test("points at the field of a bad object and reads the others", async () => {
    const bad =
      `apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  ports:\n  - port: 80\n  - name: x\n    port: 70000\n`;
    const text = await read(`${CONFIG("a")}---\n${bad}---\n${CONFIG("b")}`);
    assert.deepEqual(objects(text), ["ConfigMap/default/a@1", "ConfigMap/default/b@15"]);
    assert.deepEqual(findings(text), ["13:11 spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535"]);
  });

  test("points into an item of a List, and at what lacks a field", async () => {
    const text = await read(
      `kind: List\nitems:\n- ${
        ITEM("a")
      }\n- apiVersion: v1\n  kind: Service\n  metadata: {name: s}\n  spec:\n    ports:\n    - name: x\n`,
    );
    assert.deepEqual(findings(text), ["9:7 spec.ports[0].port: Required value"]);
  });

  test("points at each of thousands of faults in one List", async () => {
    const text = await read(
      `kind: List\nitems:\n${"- {apiVersion: v1, kind: Service, metadata: {name: A}}\n".repeat(5000)}`,
    );
    const found = findings(text);
    assert.equal(found.length, 2 * 5000); // the name, and no ports
    assert.match(found.at(-1)!, /^5002:/);
  });

  const brokenRows: [string, string | Uint8Array, string][] = [
    ["an open bracket", "a: 1\n---\nb: [1,\n", "4:1 deficient indentation"],
    ["a key twice", "a: 1\na: 2\n", "2:1 duplicated mapping key"],
    ["a tab as indentation", "a:\n\tb: 1\n", "2:1 tab characters must not be used in indentation"],
    ["an unknown tag", "a: !Ref b\n", "1:4 unknown scalar tag !<!Ref>"],
    ["an unknown alias", "a: *b\n", '1:5 unidentified alias "b"'],
    ["bytes that are not UTF-8", Uint8Array.of(0x61, 0x3a, 0x20, 0xff), "1:1 the text is not UTF-8"],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0), "undefined:undefined the file is UTF-16: it must be UTF-8"],
    ["a NUL", "a: \0", "1:4 a NUL byte: the file must be UTF-8 text"],
    ["a NUL after many lines", `${"#\n".repeat(1000)}a: 1\0`, "1001:5 a NUL byte: the file must be UTF-8 text"],
    ["any number of documents", "---\na\n".repeat(100_001), "undefined:undefined more than 100000 documents"],
  ];
  for (const [name, text, expected] of brokenRows) {
    test(`says where ${name} breaks the file`, async () => assert.equal(await broken(text), expected));
  }

  test("lets a document that is too deep or unfolds too far cost itself only", async () => {
    const deep = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: ${"[".repeat(300)}${"]".repeat(300)}\n`;
    const laugh = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" +
      [..."bcdefghi"].map((c, i) => `${c}: &${c} [${Array(10).fill(`*${"abcdefgh"[i]}`).join()}]\n`).join("");
    const many = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: &n x}\ndata: [${Array(2000).fill("*n").join()}]\n`;
    const text = await read([CONFIG("a"), deep, laugh, many, "&a [*a]\n", CONFIG("b")].join("---\n"));
    assert.deepEqual(objects(text).map((object) => object.split("@")[0]), [
      "ConfigMap/default/a",
      "ConfigMap/default/b",
    ]);
    assert.deepEqual(findings(text).map((finding) => finding.replace(/^\S+ undefined: /, "")), [
      "nesting exceeded maxDepth (100)",
      "aliases unfold to more than 200000 values",
      "aliases exceeded maxAliases (1000)",
      "aliases unfold to more than 200000 values",
    ]);
  });

  test("refuses objects that aliases make large", async () => {
    const rule = `{host: a.example, http: {paths: [${Array(900).fill("*p").join()}]}}`;
    const paths = "{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}";
    const text = await read(
      `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\nx: &p ${paths}\ny: &r ${rule}\nspec: {rules: [${
        Array(90).fill("*r").join()
      }]}\n`,
    );
    assert.deepEqual(objects(text), []);
    assert.equal(findings(text).length, 1);
  });

  test("gives back the former content when nothing changed, and the former objects of what did not", async () => {
    const first = await read(`${ingressText("a", "a.example")}---\n${ingressText("b", "b.example")}`);
    assert.equal(
      await read(`${ingressText("a", "a.example")}---\n${ingressText("b", "b.example")}`, "a.yaml", first),
      first,
    );
    const second = await read(`${ingressText("a", "x.example")}---\n${ingressText("b", "b.example")}`, "a.yaml", first);
    assert.notEqual(second.documents[0]?.objects[0], first.documents[0]?.objects[0]);
    assert.equal(second.documents[1]?.objects[0], first.documents[1]?.objects[0]);
  });

  describe("keeps the last good version of an object that is refused", () => {
    const NUMBER = "metadata: {name: a, labels: {x: 1}}";
    const rows: [what: string, before: string, after: string, kept: string[]][] = [
      [
        "one of whose values is a number",
        `${CONFIG("a")}---\n${CONFIG("b")}`,
        `apiVersion: v1\nkind: ConfigMap\n${NUMBER}\n`,
        [
          "a",
        ],
      ],
      ["whose kind is misspelt", CONFIG("a"), CONFIG("a").replace("ConfigMap", "ConfigMaps"), ["a"]],
      ["whose version there is none of", CONFIG("a"), CONFIG("a").replace("v1", "v7"), ["a"]],
      [
        "that stands in a List",
        `kind: List\nitems:\n- ${ITEM("a")}\n- ${ITEM("b")}\n`,
        `kind: List\nitems:\n- ${ITEM("a").replace("{name: a}", "{name: a, labels: {x: 1}}")}\n- ${ITEM("b")}\n`,
        ["a"],
      ],
      ["but no other one that went", `${CONFIG("a")}---\n${CONFIG("b")}`, CONFIG("c").replace("v1", "v7"), []],
      ["but not where another copy is good", CONFIG("a"), `${CONFIG("a").replace("v1", "v7")}---\n${CONFIG("a")}`, []],
      [
        "whose name is gone",
        `${CONFIG("a")}---\n${CONFIG("b")}`,
        `${CONFIG("a").replace("{name", "{nmae")}---\n${CONFIG("b")}`,
        [
          "a",
        ],
      ],
      ["whose name is no name", CONFIG("a"), CONFIG("A_1"), ["a"]],
      ["whose namespace is a number", CONFIG("a"), CONFIG("a").replace("{name: a", "{name: a, namespace: 7"), ["a"]],
      ["whose kind is gone", CONFIG("a"), CONFIG("a").replace("kind: ConfigMap\n", ""), ["a"]],
      ["that is a text now", CONFIG("a"), "just text\n", ["a"]],
      ["that is in a list that is none", `kind: List\nitems:\n- ${ITEM("a")}\n`, "kind: List\nitems: no list\n", ["a"]],
      ["that is too deep", CONFIG("a"), `${CONFIG("a")}data: ${"[".repeat(200)}${"]".repeat(200)}\n`, ["a"]],
    ];
    for (const [what, before, after, kept] of rows) {
      test(what, async () => {
        const first = await read(before);
        const second = await read(after, "a.yaml", first);
        assert.deepEqual(second.kept.map(keyOf), kept.map((name) => `ConfigMap/default/${name}`));
        assert.deepEqual(first.kept, []);
      });
    }

    test("as long as it is, and no longer", async () => {
      const bad = CONFIG("a").replace("v1", "v7");
      const first = await read(CONFIG("a"));
      const second = await read(bad, "a.yaml", first);
      const third = await read(`${bad}data: {x: 1}\n`, "a.yaml", second);
      assert.equal(third.kept[0], first.documents[0]!.objects[0]);
      assert.deepEqual((await read("", "a.yaml", third)).kept, []);
      assert.deepEqual((await read(CONFIG("a"), "a.yaml", third)).kept, []);
      assert.equal(await read(`${bad}data: {x: 1}\n`, "a.yaml", third), third);
    });
  });

  test("knows where unchanged documents stand now", async () => {
    const bad = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: x}\n";
    const first = await read(`---\n${CONFIG("a")}---\n${bad}`);
    const second = await read(`# one\n# two\n---\n${CONFIG("a")}---\n${bad}`, "a.yaml", first);
    assert.deepEqual(objects(second), ["ConfigMap/default/a@4"]);
    assert.deepEqual(findings(second).map((finding) => finding.split(" ")[0]), ["11:14"]);
  });

  test("reads the document that stands twice twice", async () => {
    const text = await read(`${CONFIG("a")}---\n${CONFIG("b")}---\n${CONFIG("b")}`);
    assert.deepEqual(objects(text), ["ConfigMap/default/a@1", "ConfigMap/default/b@5", "ConfigMap/default/b@9"]);
  });
});

describe("parseYaml()", () => {
  test("reads as kubectl does what counts here", () => {
    assert.deepEqual(parseYaml("a: 0x1F\nb: yes\nc: true\nd: ~\ne: 2024-01-01\nf: 1e3\n"), {
      a: 31,
      b: "yes",
      c: true,
      d: null,
      e: "2024-01-01",
      f: 1000,
    });
  });

  test("keeps __proto__ as an ordinary key", () => {
    const value = parseYaml("__proto__: {polluted: true}\n") as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), ["__proto__"]);
    assert.equal(value["polluted"], undefined);
  });
});

describe("readManifestText() says what to do about a text that is no YAML", () => {
  const QUOTE = (text: string) => `a text that begins with ${text[0]} must be in quotes: "${text}" (`;
  const HINTS: readonly [line: string, place: string, hint: string][] = [
    ["  - host: *.example.com", "2:11", QUOTE("*.example.com")],
    ["  - {host: *.example.com, http: {}}", "2:12", QUOTE("*.example.com")],
    ["  hosts: [a.example, *.example.com]", "2:22", QUOTE("*.example.com")],
    ["  - *.example.com", "2:5", QUOTE("*.example.com")],
    ["  path: *", "2:9", QUOTE("*")],
    ["  name: @app", "2:9", QUOTE("@app")],
    ["  host: {{ .Values.host }}.example", "2:9", '"{{ .Values.host }}.example" is of a template: render it first ('],
    ["  {{- if .Values.on }}", "2:3", '"{{- if .Values.on }}" is of a template: render it first ('],
  ];
  for (const [line, place, hint] of HINTS) {
    test(line.trim(), async () => {
      const told = await broken(`a:\n${line}\n`);
      assert.equal(told.slice(0, place.length + 1 + hint.length), `${place} ${hint}`);
    });
  }

  test("but not about an alias that nobody has defined", async () => {
    assert.equal(await broken("a: *b"), '1:5 unidentified alias "b"');
  });
});

test("Places.locate() finds a value, or the innermost around it", () => {
  const text = "metadata:\n  annotations:\n    n.io/a: b\nspec: {rules: [{host: x}]}\n";
  const places = new Places(text);
  assert.deepEqual(places.locate(["metadata", "annotations", "n.io/a"]), { line: 3, column: 13 });
  assert.deepEqual(places.locate(fieldSteps("metadata.annotations[n.io/a]")), { line: 3, column: 13 });
  assert.deepEqual(places.locate(fieldSteps("spec.rules[0].host")), { line: 4, column: 23 });
  assert.deepEqual(places.locate(fieldSteps("spec.rules[0].http.paths[3]")), { line: 4, column: 16 });
  assert.equal(new Places("a: [").locate(["a"]), undefined);
});

test("Places.locate() finds what says nothing by its key, or by its list", () => {
  const places = new Places("kind: x\nspec:\n  a:\n  b: [1]\n  c:\n  -\n  - {d: , e: ~}\n  f: ''\n  ? \n  : g\n");
  const ROWS: readonly [path: (string | number)[], line: number, column: number][] = [
    [["spec", "a"], 3, 3],
    [["spec", "a", "deeper"], 3, 3],
    [["spec", "c", 0], 6, 3],
    [["spec", "c", 1, "d"], 7, 6],
    [["spec", "c", 1, "e"], 7, 14],
    [["spec", "f"], 8, 7],
  ];
  for (const [path, line, column] of ROWS) assert.deepEqual(places.locate(path), { line, column }, path.join("."));
  assert.deepEqual(new Places("").locate(["a"]), undefined);
});
