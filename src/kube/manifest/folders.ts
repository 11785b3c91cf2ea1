/**
 * Root folders and their content, and the way of the content into a store.
 *
 * @module
 */
import type { Diagnostic, FileRef, SourceRef } from "../../diagnostic.ts";
import type { ObjectKey } from "../objects.ts";
import type { KubeObject } from "../schema/kinds.ts";
import type { SourceTarget } from "../source.ts";
import { keyOf } from "../store.ts";
import { ObjectCopies } from "./object-copies.ts";
import { backgroundIo, errorCode } from "./io.ts";
import { type ManifestText, readManifestText } from "./manifest-text.ts";
import { ManifestFolderError, type ManifestInput, type ManifestReading } from "./options.ts";
import { Scanner, type ScannerOptions } from "./scanner.ts";
import { FileNode, FolderNode, inodeOf } from "./tree.ts";

/** What folders fill: that of a source, or a store. */
export interface ManifestTarget extends Pick<SourceTarget, "get"> {
  apply(batch: Parameters<SourceTarget["apply"]>[0]): unknown;
}

/** What a commit did to the findings. */
export interface Commit {
  /** Diagnostics that are new. */
  readonly newFindings: readonly Diagnostic[];
  readonly findingsChanged: boolean;
}

/** Several root folders. */
export class ManifestFolders {
  readonly scanner: Scanner;
  readonly roots: FolderNode[] = [];
  readonly #copies = new ObjectCopies();
  #target: ManifestTarget | undefined;
  readonly #inputs: readonly (string | ManifestInput)[];
  #diagnostics: readonly Diagnostic[] = [];
  #standing: ReadonlySet<string> = new Set();

  /** @param inputs paths of folders, and texts; of an object that several contain, the first one counts */
  constructor(
    inputs: readonly (string | ManifestInput)[],
    options: Omit<ScannerOptions, "copies">,
  ) {
    this.#inputs = inputs.map((input) => typeof input === "string" ? input.replace(/(?!^)\/+$/, "") : input);
    this.scanner = new Scanner({ ...options, copies: this.#copies });
  }

  /** Reads all folders. Rejects with {@link ManifestFolderError}. */
  async open(target: ManifestTarget): Promise<ManifestReading> {
    this.#target = target;
    const begun = performance.now();
    for (const [rank, input] of this.#inputs.entries()) {
      if (typeof input === "string") this.roots.push(await openRoot(input, rank));
      else await this.#readText(input, rank);
    }
    for (const root of this.roots) {
      await this.scanner.open(root);
      if (root.problem?.reason === "UnreadableFolder") throw new ManifestFolderError(root.path, "unreadable");
    }
    this.commit();
    return {
      files: this.scanner.files.size,
      objects: this.#copies.size,
      diagnostics: this.#diagnostics,
      tookMs: performance.now() - begun,
    };
  }

  /** Brings the target up to what the files say. */
  commit(): Commit {
    const { scanner } = this;
    const put: KubeObject[] = [];
    const remove: ObjectKey[] = [];
    for (const key of scanner.touched) {
      const object = this.#copies.inForce(key);
      // refused, without a good copy elsewhere: the version in force stays, as when the API server refuses an edit
      if (object === undefined && this.#copies.isRefused(key)) continue;
      if (object === undefined) remove.push(key);
      else if (this.#target?.get(key) !== object) put.push(object);
    }
    scanner.touched = new Set();
    if (put.length > 0 || remove.length > 0) this.#target?.apply({ put, remove });
    if (!scanner.findingsChanged) return { newFindings: [], findingsChanged: false };
    scanner.findingsChanged = false;
    return this.#collect();
  }

  /** All current diagnostics. */
  diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** Checks the roots: a root may be another folder now, or have come back, or be gone. */
  async lookAtRoots(): Promise<void> {
    for (const [rank, root] of this.roots.entries()) {
      let now: FolderNode | "not-a-folder";
      try {
        now = await rootFolder(root.path, rank);
      } catch {
        await this.scanner.scanFolder(root); // the scan reports the reason
        continue;
      }
      if (now === "not-a-folder" || now.inode === root.inode) continue;
      this.scanner.replaceRoot(root);
      now.doubtful = true; // see FolderWatch
      this.roots[rank] = now;
      await this.scanner.open(now);
    }
  }

  /** All known folders. */
  *all(): IterableIterator<FolderNode> {
    const stack = [...this.roots];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      yield node;
      for (const child of node.children.values()) if (child instanceof FolderNode) stack.push(child);
    }
  }

  close(): void {
    this.scanner.stop();
    for (const root of this.roots) this.scanner.close(root);
  }

  async #readText({ name, bytes, version }: ManifestInput, rank: number): Promise<void> {
    const file = new FileNode(name, rankText(rank));
    file.version = version;
    this.scanner.files.add(file);
    this.scanner.faulty.add(file);
    this.scanner.findingsChanged = true;
    const reading = await readManifestText(name, bytes);
    if (reading.kind === "broken") {
      file.problem = { ...reading.problem, effect: "nothing of the file is in force" };
      return;
    }
    file.text = reading.text;
    this.#copies.replace(file, undefined, reading.text, this.scanner.touched);
  }

  #collect(): Commit {
    const found = this.#copies.duplicates();
    for (const folder of this.all()) if (folder.problem !== undefined) found.push(folder.problem);
    for (const file of this.scanner.faulty) {
      if (file.problem !== undefined) found.push(file.problem);
      if (file.text !== undefined) found.push(...this.#findingsOf(file.text));
    }
    found.sort(compareFindings);
    const standing = new Set<string>();
    const newFindings: Diagnostic[] = [];
    for (const finding of found) {
      const key = findingKey(finding);
      if (!this.#standing.has(key) && !standing.has(key)) newFindings.push(finding);
      standing.add(key);
    }
    const findingsChanged = newFindings.length > 0 || standing.size !== this.#standing.size;
    this.#diagnostics = found;
    this.#standing = standing;
    return { newFindings, findingsChanged };
  }

  /** Diagnostics about the content of a file, with their effects. */
  *#findingsOf(text: ManifestText): Iterable<Diagnostic> {
    const told = new Set<ObjectKey>();
    const untold = (object: KubeObject): boolean => !told.has(keyOf(object));
    for (const { refusals } of text.documents) for (const { key } of refusals) if (key !== null) told.add(key);
    const kept = new Set<KubeObject | undefined>(text.kept);
    for (const { diagnostics, refusals } of text.documents) {
      const effects = new Map<Diagnostic, string>();
      for (const { key, diagnostics } of refusals) {
        let effect: string | undefined;
        if (key === null) effect = lastGoodOf(text.kept.filter(untold));
        else {
          const object = this.#target?.get(key);
          const stays = object !== undefined && (kept.has(object) || this.#copies.inForce(key) === undefined);
          if (stays) effect = "its last good version stays in force";
        }
        if (effect !== undefined) { for (const diagnostic of diagnostics) effects.set(diagnostic, effect); }
      }
      for (const diagnostic of diagnostics) {
        const effect = effects.get(diagnostic);
        yield effect === undefined ? diagnostic : { ...diagnostic, effect };
      }
    }
  }
}

/** Bound of the objects that one effect names. */
const MAX_NAMED = 3;

/** Names what stays in force when the refused object is unknown; `undefined`: nothing. */
function lastGoodOf(objects: readonly KubeObject[]): string | undefined {
  if (objects.length === 0) return undefined;
  const names = objects.slice(0, MAX_NAMED).map(({ kind, metadata: { namespace, name } }) =>
    `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`
  );
  const more = objects.length > MAX_NAMED ? ` and ${objects.length - MAX_NAMED} more` : "";
  return `the last good version of ${names.join(", ")}${more} stays in force`;
}

/** Text by which roots are ordered as they were given. */
function rankText(rank: number): string {
  return String(rank).padStart(4, "0");
}

/** Makes the node of a root folder; rejects like node:fs. */
async function rootFolder(path: string, rank: number): Promise<FolderNode | "not-a-folder"> {
  const stats = await backgroundIo.stat(path);
  if (!stats.isDirectory()) return "not-a-folder";
  return new FolderNode(path, rankText(rank), inodeOf(stats), undefined);
}

async function openRoot(path: string, rank: number): Promise<FolderNode> {
  let root: FolderNode | "not-a-folder";
  try {
    root = await rootFolder(path, rank);
  } catch (cause) {
    throw new ManifestFolderError(path, errorCode(cause) === "ENOENT" ? "missing" : "unreadable", { cause });
  }
  if (root === "not-a-folder") throw new ManifestFolderError(path, "not-a-folder");
  return root;
}

/** Key of a diagnostic, which stays the same when lines are inserted above it. */
function findingKey({ reason, object, field, message, effect, source }: Diagnostic): string {
  const file = placeOf(source)?.file;
  return JSON.stringify([reason, file, object?.kind, object?.namespace, object?.name, field, message, effect]);
}

function compareFindings(a: Diagnostic, b: Diagnostic): number {
  const x = placeOf(a.source);
  const y = placeOf(b.source);
  const fileX = x?.file ?? "";
  const fileY = y?.file ?? "";
  if (fileX !== fileY) return fileX < fileY ? -1 : 1;
  return (x?.line ?? 0) - (y?.line ?? 0) || (x?.column ?? 0) - (y?.column ?? 0);
}

function placeOf(source: SourceRef | undefined): FileRef | undefined {
  return source?.kind === "file" ? source : undefined;
}
