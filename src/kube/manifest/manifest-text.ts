/**
 * Reads the objects and diagnostics of a manifest file, document by document; documents that have not changed since the
 * last reading are not parsed again.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Diagnostic, FileRef, SourceRef } from "../../diagnostic.ts";
import type { ObjectKey } from "../objects.ts";
import type { KubeObject } from "../schema/kinds.ts";
import { readObject } from "../schema/mod.ts";
import { keyOf } from "../store.ts";
import { type DocumentSpan, hashBytes, leadingLines, splitDocuments } from "./documents.ts";
import { fieldSteps, type PathStep, Places } from "./places.ts";
import { parseYaml, YamlError } from "./yaml.ts";

/** Content of one document. */
interface ReadDocument {
  readonly hash: number;
  readonly length: number;
  /** First line in the file. */
  readonly line: number;
  readonly objects: readonly KubeObject[];
  readonly diagnostics: readonly Diagnostic[];
  readonly refusals: readonly Refusal[];
}

/** An object that is refused in its current version. */
export interface Refusal {
  /** Key of the object; `null`: unknown. */
  readonly key: ObjectKey | null;
  /** Reasons: some of {@link ReadDocument.diagnostics}. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Content of a file; the argument of the next reading. */
export interface ManifestText {
  readonly documents: readonly ReadDocument[];
  /**
   * Last good versions of objects that are refused, or may be: when the refused one is unknown, of all missing objects.
   */
  readonly kept: readonly KubeObject[];
}

/** Either the whole file is read, or nothing of it: `problem` has the reason. */
export type ManifestTextReading =
  | { readonly kind: "read"; readonly text: ManifestText }
  | { readonly kind: "broken"; readonly problem: Diagnostic };

const NEWLINE = 0x0a;
/** Bound of the documents of a file; each takes memory and may have diagnostics. */
const MAX_DOCUMENTS = 100_000;
/**
 * Bound of a YAML document, bytes: it is parsed without a pause, at about 10 MB a second, and takes about fifty times
 * its size.
 */
const MAX_YAML_BYTES = 32 * 1024 * 1024;

/** Bound of the nesting of Lists. */
const MAX_LISTS = 4;

/**
 * Reads a file; gives back `former` itself when nothing changed. `file` is the name that findings carry; `breathe` is awaited between documents, so that a large file
 * need not hold up everything else.
 */
export async function readManifestText(
  file: string,
  bytes: Buffer,
  former?: ManifestText,
  breathe?: () => Promise<void> | undefined,
): Promise<ManifestTextReading> {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return broken(file, "the file is UTF-16: it must be UTF-8");
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    let line = 1;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0 && end < nul; end = bytes.indexOf(NEWLINE, start)) {
      line++;
      start = end + 1;
    }
    return broken(file, "a NUL byte: the file must be UTF-8 text", line, nul - start + 1);
  }
  const known = new Map<number, ReadDocument>();
  for (const document of former?.documents ?? []) known.set(document.hash, document);
  const documents: ReadDocument[] = [];
  const json = mayBeJson(file, bytes) ? tryJson(bytes) : undefined;
  const spans = json === undefined ? splitDocuments(bytes) : [{ start: 0, end: bytes.length, line: 1 }];
  if (spans.length > MAX_DOCUMENTS) return broken(file, `more than ${MAX_DOCUMENTS} documents`);
  for (const span of spans) {
    if (json === undefined && span.end - span.start > MAX_YAML_BYTES) {
      const message = `a YAML document of more than ${MAX_YAML_BYTES} bytes: divide it, or write it as JSON (.json)`;
      return broken(file, message, span.line, 1);
    }
    const pause = breathe?.();
    if (pause !== undefined) await pause;
    const hash = hashBytes(bytes, span.start, span.end);
    const before = known.get(hash);
    if (before !== undefined && before.length === span.end - span.start) {
      documents.push(moveTo(before, span.line));
      continue;
    }
    try {
      documents.push(readDocument(file, bytes, span, hash, json));
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      return broken(file, error.message, span.line + error.line - 1, error.column);
    }
  }
  const same = former !== undefined && former.documents.length === documents.length &&
    former.documents.every((document, i) => document === documents[i]);
  return { kind: "read", text: same ? former : { documents, kept: keep(former, documents) } };
}

const NOTHING: readonly KubeObject[] = [];

function keep(former: ManifestText | undefined, documents: readonly ReadDocument[]): readonly KubeObject[] {
  const refused = new Set<ObjectKey | null>();
  const present = new Set<ObjectKey>();
  for (const { objects, refusals } of documents) {
    for (const { key } of refusals) refused.add(key);
    for (const object of objects) present.add(keyOf(object));
  }
  if (former === undefined || refused.size === 0) return NOTHING;
  const kept = new Map<ObjectKey, KubeObject>();
  for (const object of [...former.documents.flatMap(({ objects }) => objects), ...former.kept]) {
    const key = keyOf(object);
    const isMissed = refused.has(key) || refused.has(null);
    if (isMissed && !present.has(key) && !kept.has(key)) kept.set(key, object);
  }
  return [...kept.values()];
}

function broken(file: string, message: string, line?: number, column?: number): ManifestTextReading {
  const source: FileRef = {
    kind: "file",
    file,
    ...line === undefined ? {} : { line },
    ...column === undefined ? {} : { column },
  };
  return { kind: "broken", problem: { reason: "BrokenFile", severity: "error", message, source } };
}

/**
 * True when the name ends in .json; without a telling name (standard input), when the first character is one of JSON.
 */
function mayBeJson(file: string, bytes: Buffer): boolean {
  if (file.endsWith(".json")) return true;
  return !/\.ya?ml$/.test(file) && /^\s*\{/.test(bytes.toString("latin1", 0, 256));
}

/** Parses a file that is one JSON text; other files are read as YAML, which takes comments and reports mistakes. */
function tryJson(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    const text = decode(bytes, 0, bytes.length);
    return { value: JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) };
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Buffer, start: number, end: number): string {
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    throw new YamlError("syntax", "the text is not UTF-8", 1, 1);
  }
}

function readDocument(
  file: string,
  bytes: Buffer,
  span: DocumentSpan,
  hash: number,
  json: { readonly value: unknown } | undefined,
): ReadDocument {
  // A copy: a slice would keep the whole text in memory while the object lives.
  const text = decode(bytes, span.start, span.end);
  const reader = new DocumentReader(file, text, span.line);
  try {
    reader.read(json === undefined ? parseYaml(text) : json.value);
  } catch (error) {
    if (!(error instanceof YamlError) || error.code !== "bound") throw error;
    reader.refuse(error);
  }
  const { objects, diagnostics, refusals } = reader;
  return { hash, length: span.end - span.start, line: span.line, objects, diagnostics, refusals };
}

/** Collects the content of one document. */
class DocumentReader {
  readonly objects: KubeObject[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly refusals: Refusal[] = [];

  readonly #places: Places;

  constructor(readonly file: string, readonly text: string, readonly line: number) {
    this.#places = new Places(text);
  }

  read(value: unknown): void {
    if (value === undefined || value === null) return;
    const source = this.#at({ line: 1 + leadingLines(this.text) });
    if (isList(value)) this.#readList(value, source, [], 1);
    else this.#readOne(value, source, []);
  }

  refuse(error: YamlError): void {
    this.#refuse(null, [{
      reason: "InvalidObject",
      severity: "error",
      message: error.message,
      effect: "the object is left out",
      source: this.#at(error),
    }]);
  }

  #refuse(key: ObjectKey | null, diagnostics: readonly Diagnostic[]): void {
    this.refusals.push({ key, diagnostics });
    this.diagnostics.push(...diagnostics);
  }

  #readList(list: ListValue, source: SourceRef, path: readonly PathStep[], depth: number): void {
    const items = list.items;
    if (items === undefined || items === null) return;
    if (!Array.isArray(items) || depth > MAX_LISTS) {
      this.#refuse(null, [{
        reason: "InvalidObject",
        severity: "error",
        field: "items",
        message: depth > MAX_LISTS ? "too many lists within lists" : "Invalid value: must be a list",
        effect: "the list is left out",
        source,
      }]);
      return;
    }
    const positions = depth === 1 ? this.#places.items() : [];
    for (const [i, item] of items.entries()) {
      if (item === null) continue;
      const position = positions[i];
      const itemSource = position === undefined ? source : this.#at(position);
      const itemPath = [...path, "items", i];
      if (isList(item)) this.#readList(item, itemSource, itemPath, depth + 1);
      else this.#readOne(withKindOf(list, item), itemSource, itemPath);
    }
  }

  #readOne(value: unknown, source: SourceRef, path: readonly PathStep[]): void {
    const reading = readObject(value, source);
    switch (reading.kind) {
      case "object":
        this.objects.push(reading.object);
        for (const warning of reading.warnings) this.diagnostics.push(this.#point(warning, path));
        break;
      case "passed-over":
        break;
      case "invalid":
        this.#refuse(reading.refused, reading.diagnostics.map((diagnostic) => this.#point(diagnostic, path)));
        break;
      default:
        reading satisfies never;
    }
  }

  /** Adds the line of its field to a diagnostic. */
  #point(diagnostic: Diagnostic, path: readonly PathStep[]): Diagnostic {
    if (diagnostic.field === undefined) return diagnostic;
    const position = this.#places.locate([...path, ...fieldSteps(diagnostic.field)]);
    return position === undefined ? diagnostic : { ...diagnostic, source: this.#at(position) };
  }

  /** Converts a place in the document to a place in the file. */
  #at({ line, column }: { readonly line: number; readonly column?: number }): FileRef {
    const place = { kind: "file", file: this.file, line: this.line + line - 1 } as const;
    return column === undefined ? place : { ...place, column };
  }
}

interface ListValue {
  readonly kind: string;
  readonly apiVersion?: unknown;
  readonly items?: unknown;
}

/** `List`, and the typed lists of the API (`IngressList`). */
function isList(value: unknown): value is ListValue {
  if (typeof value !== "object" || value === null) return false;
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  return typeof kind === "string" && kind.endsWith("List") && (kind === "List" || items !== undefined);
}

/** Adds kind and apiVersion to an item of a typed list, which has none. */
function withKindOf(list: ListValue, item: unknown): unknown {
  if (list.kind === "List" || typeof item !== "object" || item === null || Array.isArray(item)) return item;
  return { kind: list.kind.slice(0, -"List".length), apiVersion: list.apiVersion, ...item };
}

/** Moves a document to another line. */
function moveTo(document: ReadDocument, line: number): ReadDocument {
  const by = line - document.line;
  if (by === 0) return document;
  const move = (source: SourceRef): SourceRef =>
    source.kind !== "file" || source.line === undefined ? source : { ...source, line: source.line + by };
  const moved = new Map<Diagnostic, Diagnostic>();
  for (const diagnostic of document.diagnostics) {
    const { source } = diagnostic;
    moved.set(diagnostic, source === undefined ? diagnostic : { ...diagnostic, source: move(source) });
  }
  return {
    ...document,
    line,
    objects: document.objects.map((object) => ({ ...object, source: move(object.source) })),
    diagnostics: [...moved.values()],
    refusals: document.refusals.map(({ key, diagnostics }) => ({
      key,
      diagnostics: diagnostics.map((diagnostic) => moved.get(diagnostic)!),
    })),
  };
}
