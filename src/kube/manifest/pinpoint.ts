/**
 * From a finding about an object to the line and column of the field or annotation that it is about.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Diagnostic, FileRef, ObjectRef } from "../../diagnostic.ts";
import { splitDocuments } from "./documents.ts";
import { backgroundIo } from "./io.ts";
import { fieldSteps, type PathStep, Places, type Position } from "./places.ts";
import { parseYaml } from "./yaml.ts";

/** Work between two pauses, in ms: there may be thousands of findings about one large file. */
const STRETCH_MS = 8;
const NO_TEXTS: ReadonlyMap<string, Buffer> = new Map();

/**
 * Findings of others know where their object begins; this has them point at the very place, by looking into the files
 * again (`texts` has those that are no files). Those that name no field or annotation, and those whose file says something
 * else by now, stay as they are.
 */
export async function pinpoint(
  diagnostics: readonly Diagnostic[],
  texts: ReadonlyMap<string, Buffer> = NO_TEXTS,
): Promise<Diagnostic[]> {
  const files = new Map<string, ManifestPlaces | undefined>();
  const pinpointed: Diagnostic[] = [];
  let pausedAt = performance.now();
  for (const diagnostic of diagnostics) {
    if (performance.now() - pausedAt > STRETCH_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      pausedAt = performance.now();
    }
    const { source, object, annotation, field } = diagnostic;
    const isInFile = source?.kind === "file" && source.line !== undefined;
    if (!isInFile || object === undefined || (annotation ?? field) === undefined) {
      pinpointed.push(diagnostic);
      continue;
    }
    if (!files.has(source.file)) files.set(source.file, await ManifestPlaces.read(source.file, texts));
    const steps = annotation === undefined ? fieldSteps(field!) : ["metadata", "annotations", annotation];
    const place = files.get(source.file)?.find(object, source, steps);
    pinpointed.push(place === undefined ? diagnostic : { ...diagnostic, source: place });
  }
  return pinpointed;
}

interface Document {
  readonly line: number;
  readonly places: Places;
  /** Of a List. */
  readonly items: readonly Position[];
  readonly value: unknown;
}

/** A file whose documents are parsed when they are asked for. */
class ManifestPlaces {
  readonly #documents = new Map<number, Document | undefined>();

  private constructor(readonly bytes: Buffer, readonly spans: ReturnType<typeof splitDocuments>) {}

  static async read(file: string, texts: ReadonlyMap<string, Buffer>): Promise<ManifestPlaces | undefined> {
    try {
      const bytes = texts.get(file) ?? await backgroundIo.read(file);
      return new ManifestPlaces(bytes, splitDocuments(bytes));
    } catch {
      return undefined;
    }
  }

  find(object: ObjectRef, source: FileRef, steps: readonly PathStep[]): FileRef | undefined {
    const line = source.line ?? 1;
    const document = this.#documentAt(line);
    if (document === undefined) return undefined;
    const path = isNamed(document.value, object) ? [] : itemPath(document, object, line);
    if (path === undefined) return undefined;
    const position = document.places.locate([...path, ...steps]);
    if (position === undefined) return undefined;
    return { kind: "file", file: source.file, line: document.line + position.line - 1, column: position.column };
  }

  #documentAt(line: number): Document | undefined {
    const span = this.spans.findLast((span) => span.line <= line);
    if (span === undefined) return undefined;
    if (!this.#documents.has(span.start)) {
      const text = this.bytes.toString("utf8", span.start, span.end);
      let document: Document | undefined;
      try {
        const places = new Places(text);
        document = { line: span.line, places, items: places.items(), value: parseYaml(text) };
      } catch {
        document = undefined;
      }
      this.#documents.set(span.start, document);
    }
    return this.#documents.get(span.start);
  }
}

/** Path of the item of a List that begins at a line of the file. */
function itemPath(
  { value, items: positions, line: first }: Document,
  object: ObjectRef,
  line: number,
): PathStep[] | undefined {
  const items = (value as { items?: unknown } | null)?.items;
  if (!Array.isArray(items)) return undefined;
  const at = positions.findIndex((position, i) => first + position.line - 1 === line && isNamed(items[i], object));
  return at === -1 ? undefined : ["items", at];
}

/** Items of a typed list name no kind. */
function isNamed(value: unknown, { kind, name }: ObjectRef): boolean {
  const object = value as { kind?: unknown; metadata?: { name?: unknown } | null } | null | undefined;
  return (object?.kind ?? kind) === kind && object?.metadata?.name === name;
}
