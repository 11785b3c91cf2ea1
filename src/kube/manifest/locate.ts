/**
 * Finds the line and column of the field or annotation that a diagnostic is about.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Diagnostic, FileRef, ObjectRef } from "../../diagnostic.ts";
import { splitDocuments } from "./documents.ts";
import { backgroundIo } from "./io.ts";
import { fieldSteps, type PathStep, Places, type Position } from "./places.ts";
import { parseYaml } from "./yaml.ts";

/** Work between two pauses, milliseconds: a large file may have thousands of diagnostics. */
const STRETCH_MS = 8;
const NO_TEXTS: ReadonlyMap<string, Buffer> = new Map();

/**
 * Adds the line and column of the field or annotation to diagnostics that only have the place of their object, by
 * reading the files again (`texts` has those that are no files). Diagnostics without field or annotation, and those
 * whose file has changed, stay as they are.
 */
export async function locateDiagnostics(
  diagnostics: readonly Diagnostic[],
  texts: ReadonlyMap<string, Buffer> = NO_TEXTS,
): Promise<Diagnostic[]> {
  const files = new Map<string, ManifestPlaces | undefined>();
  const located: Diagnostic[] = [];
  let pausedAt = performance.now();
  for (const diagnostic of diagnostics) {
    if (performance.now() - pausedAt > STRETCH_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      pausedAt = performance.now();
    }
    const { source, object, annotation, field } = diagnostic;
    const isInFile = source?.kind === "file" && source.line !== undefined;
    if (!isInFile || object === undefined || (annotation ?? field) === undefined) {
      located.push(diagnostic);
      continue;
    }
    if (!files.has(source.file)) files.set(source.file, await ManifestPlaces.read(source.file, texts));
    const steps = annotation === undefined ? fieldSteps(field!) : ["metadata", "annotations", annotation];
    const place = files.get(source.file)?.find(object, source, steps);
    located.push(place === undefined ? diagnostic : { ...diagnostic, source: place });
  }
  return located;
}

interface Document {
  readonly line: number;
  readonly places: Places;
  /** Places of the items of a List. */
  readonly items: readonly Position[];
  readonly value: unknown;
}

/** A file whose documents are parsed when needed. */
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

/** Path of the List item that begins at a line of the file. */
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

/** True when the value has the name of the object; items of a typed list have no kind. */
function isNamed(value: unknown, { kind, name }: ObjectRef): boolean {
  const object = value as { kind?: unknown; metadata?: { name?: unknown } | null } | null | undefined;
  return (object?.kind ?? kind) === kind && object?.metadata?.name === name;
}
