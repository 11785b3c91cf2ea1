/**
 * Compares folders with their known state, and reads what has changed.
 *
 * A file that is being written in place is read when it has not changed for a moment: a truncated file would remove its
 * objects. A file that comes by rename replaces the former one at once. A file that vanished is kept for a moment,
 * because editors save by moving the old file away first.
 *
 * @module
 */
import { type Diagnostic, formatSource } from "../../diagnostic.ts";
import type { ObjectKey } from "../objects.ts";
import type { ObjectCopies } from "./object-copies.ts";
import { FolderWatch } from "./folder-watch.ts";
import { backgroundIo, errorCode, type FileIo, problemOf, waitingIo } from "./io.ts";
import { type ManifestLimits, Quota } from "./limits.ts";
import { type EntryState, inspectEntry, type Present } from "./entry-state.ts";
import { readManifestText } from "./manifest-text.ts";
import { isManifestName, isPassedOver, mayHoldManifests } from "./names.ts";
import { isYoung, QUIET_MS, quietMs, settleMs } from "./write-delay.ts";
import { FileNode, type FileVersion, FolderNode, sameVersion } from "./tree.ts";

/** Time after which a vanished file is forgotten, milliseconds. */
const GRACE_MS = 50;
/** Bound of the remembered paths of former folders. */
const MAX_OLD_PATHS = 10_000;
/** Number of entries that are inspected at a time. */
const BATCH = 64;
/** Size below which files are read in parallel, bytes. */
const SMALL_BYTES = 256 * 1024;
/** Work between two pauses, milliseconds. */
const STRETCH_MS = 8;

/** Options of a scanner. */
export interface ScannerOptions {
  readonly limits: ManifestLimits;
  readonly copies: ObjectCopies;
  /** Asks for another check of `name` in `folder` after `ms`. */
  readonly again: (folder: FolderNode, name: string, ms: number) => void;
  /** Called when an entry of `folder` has changed. Default: folders are not watched. */
  readonly changed?: (folder: FolderNode, name: string | undefined) => void;
  /** Called when a folder cannot be watched. */
  readonly unwatched?: (folder: FolderNode, error: unknown) => void;
  /** Called when a folder is watched; a runtime may take a moment before it reports changes. */
  readonly watched?: (folder: FolderNode) => void;
  /** Called during long scans, for work that cannot wait for their end. */
  readonly between?: () => Promise<void> | undefined;
}

/** Maintains the tree of the root folders. */
export class Scanner {
  /** Keys whose copy in force may have changed since the last commit. */
  touched = new Set<ObjectKey>();
  /** A source of diagnostics has changed. */
  findingsChanged = false;
  readonly files = new Set<FileNode>();
  /** Files with diagnostics; few, whatever the number of files. */
  readonly faulty = new Set<FileNode>();
  readonly #options: ScannerOptions;
  readonly #gone = new Map<string, { readonly file: FileNode; readonly sinceMs: number }>();
  /** Paths of former folders that were watched. */
  readonly #oldPaths = new Set<string>();
  #io: FileIo = waitingIo;
  #first = true;
  #pausedAt = performance.now();
  #stopped = false;
  readonly #quota: Quota;

  constructor(options: ScannerOptions) {
    this.#options = options;
    this.#quota = new Quota(options.limits);
  }

  /** The first reading is over: file operations no longer block. */
  settled(): void {
    this.#io = backgroundIo;
    this.#first = false;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Reads a folder for the first time, or when it is another folder now. */
  async open(folder: FolderNode): Promise<void> {
    const { changed, unwatched, watched } = this.#options;
    if (changed !== undefined && !this.#stopped) {
      folder.watch = new FolderWatch(folder.path, {
        changed: (name) => {
          folder.doubtful = false;
          changed(folder, name);
        },
        failed: (error) => {
          folder.doubtful = true;
          if (!folder.closed) unwatched?.(folder, error);
        },
      });
      watched?.(folder);
    }
    await this.scanFolder(folder);
  }

  /** A root is another folder now: common entries stay, others are removed. */
  replaceRoot(folder: FolderNode): void {
    folder.closed = true;
    folder.watch?.close();
    folder.watch = undefined;
    for (const [name, child] of folder.children) this.#vanish(folder, name, child);
  }

  /** Stops watching a folder and its subfolders. */
  close(folder: FolderNode): void {
    folder.closed = true;
    folder.watch?.close();
    folder.watch = undefined;
    for (const child of folder.children.values()) if (child instanceof FolderNode) this.close(child);
  }

  /** Inspects every entry of a folder, but not the content of known subfolders. */
  async scanFolder(folder: FolderNode): Promise<void> {
    if (folder.closed) return;
    let names: string[];
    try {
      folder.mtimeMs = (await this.#io.stat(folder.path)).mtimeMs;
      const entries = await this.#io.entries(folder.path);
      names = entries.filter(mayHoldManifests).map((entry) => entry.name);
    } catch (error) {
      // The scan of the parent handles a missing folder; a missing root keeps its content.
      if (errorCode(error) === "ENOENT" && folder.parent !== undefined) return;
      this.#setFolderProblem(folder, {
        reason: "UnreadableFolder",
        severity: "error",
        message: `cannot read folder "${folder.path}": ${problemOf(error)}`,
        effect: "its last content stays in force",
        source: { kind: "file", file: folder.path },
      });
      return;
    }
    this.#setFolderProblem(folder, undefined);
    const present = new Set(names);
    for (const [name, child] of folder.children) if (!present.has(name)) this.#vanish(folder, name, child);
    await this.scanNames(folder, names);
  }

  /** Inspects some entries of a folder. */
  async scanNames(folder: FolderNode, names: readonly string[]): Promise<void> {
    const wanted = names.filter((name) => !isPassedOver(name)).sort();
    for (let at = 0; at < wanted.length && !this.#stopped && !folder.closed; at += BATCH) {
      const batch = wanted.slice(at, at + BATCH);
      const looks = await Promise.all(batch.map((name) => inspectEntry(this.#io, folder.at(name))));
      // Small files are read in parallel, because most of the time is spent waiting.
      const reads: Promise<void>[] = [];
      for (const [i, look] of looks.entries()) {
        const scanned = this.#scanEntry(folder, batch[i]!, look);
        if (look.kind === "file" && look.version.size < SMALL_BYTES && !this.#first) reads.push(scanned);
        else await scanned;
      }
      await Promise.all(reads);
      const pause = this.breathe();
      if (pause !== undefined) await pause;
      const urgent = this.#options.between?.();
      if (urgent !== undefined) await urgent;
    }
  }

  /** Forgets files that have been gone for long enough. True when others still wait. */
  forgetGone(): boolean {
    const now = performance.now();
    for (const [path, { file, sinceMs }] of this.#gone) {
      if (now - sinceMs < GRACE_MS) continue;
      this.#gone.delete(path);
      this.#forget(file);
    }
    return this.#gone.size > 0;
  }

  /** After a stretch of work, returns a promise of a pause, so that other work runs. */
  breathe(): Promise<void> | undefined {
    if (performance.now() - this.#pausedAt < STRETCH_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.#pausedAt = performance.now();
        resolve();
      })
    );
  }

  async #scanEntry(folder: FolderNode, name: string, look: EntryState): Promise<void> {
    const child = folder.children.get(name);
    if (look.kind === "missing") {
      if (child !== undefined) this.#vanish(folder, name, child);
      return;
    }
    if (look.kind === "folder") {
      if (child instanceof FileNode) this.#vanish(folder, name, child);
      await this.#scanSubfolder(folder, name, child instanceof FolderNode ? child : undefined, look);
      return;
    }
    if (child instanceof FolderNode) {
      // A dangling link keeps its former content for a moment.
      if (look.kind === "unreadable") return;
      this.#vanish(folder, name, child);
    }
    if (!isManifestName(name)) return;
    // Emacs locks a file with a dangling link.
    if (look.kind === "unreadable" && look.isLink && name.startsWith(".#")) return;
    await this.#scanFile(folder, name, look);
  }

  async #scanSubfolder(
    folder: FolderNode,
    name: string,
    known: FolderNode | undefined,
    look: Present,
  ): Promise<void> {
    const { inode } = look.version;
    if (known !== undefined && known.inode === inode) {
      known.isLink = look.isLink;
      if (known.mtimeMs !== look.version.mtimeMs) await this.scanFolder(known);
      return;
    }
    if (known !== undefined) this.#vanish(folder, name, known);
    if (folder.isWithin(inode)) return; // a link to a folder that contains this one
    const linked = look.isLink || folder.linked;
    const excess = this.#quota.addFolder(folder.depth, linked);
    if (excess !== undefined) return this.#tooMany(folder, excess);
    const child = new FolderNode(folder.at(name), `${folder.order}/${name}`, inode, folder);
    child.isLink = look.isLink;
    child.linked = linked;
    // Created again under a path that was watched before: see FolderWatch.
    child.doubtful = !this.#first && (known !== undefined || this.#oldPaths.has(child.path));
    folder.children.set(name, child);
    await this.open(child);
  }

  async #scanFile(folder: FolderNode, name: string, look: Exclude<EntryState, { kind: "missing" }>): Promise<void> {
    const file = this.#fileAt(folder, name);
    if (file === undefined) return;
    file.isLink = look.isLink;
    if (look.kind === "unreadable") {
      const problem = look.isLink && errorCode(look.error) === "ENOENT"
        ? "the link leads nowhere"
        : problemOf(look.error);
      return this.#fail(file, { message: `cannot read the file: ${problem}` });
    }
    if (look.kind !== "file") return this.#fail(file, { message: "cannot read the file: it is not a regular file" });
    const { version } = look;
    const { fileBytes, totalBytes } = this.#options.limits;
    if (file.version !== undefined && sameVersion(file.version, version) && !file.young) return;
    const tooLarge = (size: number) =>
      this.#fail(file, {
        message: `cannot read the file: ${size} bytes are more than the limit of ${fileBytes}`,
      }, version);
    if (version.size > fileBytes) return tooLarge(version.size);
    if (this.#quota.bytes - file.bytes + version.size > totalBytes) {
      return this.#fail(file, { message: `cannot read the file: all together have more than ${totalBytes} bytes` });
    }
    const wait = this.#first ? 0 : quietMs(file, version);
    if (wait > 0) return this.#options.again(folder, name, wait);
    let bytes;
    try {
      bytes = await this.#io.read(file.path);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return this.#options.again(folder, name, QUIET_MS);
      return this.#fail(file, { message: `cannot read the file: ${problemOf(error)}` });
    }
    if (bytes.length > fileBytes) return tooLarge(bytes.length); // the file has grown since
    const young = isYoung(version);
    const reading = await readManifestText(file.path, bytes, file.text, () => this.breathe());
    const text = reading.kind === "read" ? reading.text : undefined;
    const settle = this.#first ? 0 : settleMs(file, version, text);
    if (settle > 0) return this.#options.again(folder, name, settle);
    if (reading.kind === "broken") return this.#fail(file, reading.problem, version);
    const before = file.text;
    this.#setProblem(file, undefined);
    this.#read(file);
    file.version = version;
    file.young = young;
    this.#weigh(file, bytes.length);
    if (before !== reading.text) {
      file.text = reading.text;
      this.#options.copies.replace(file, before, reading.text, this.touched);
      this.#note(file);
    }
  }

  /** The file was read, with or without success: delays begin again. */
  #read(file: FileNode): void {
    file.waitingSince = undefined;
    file.doubted = false;
  }

  #note(file: FileNode): void {
    const faulty = file.problem !== undefined ||
      (file.text?.documents.some((document) => document.diagnostics.length > 0) ?? false);
    if (faulty) this.faulty.add(file);
    else this.faulty.delete(file);
    this.findingsChanged = true;
  }

  #weigh(file: FileNode, bytes: number): void {
    this.#quota.bytes += bytes - file.bytes;
    file.bytes = bytes;
  }

  /** Returns the node of a file; `undefined` when there are too many. */
  #fileAt(folder: FolderNode, name: string): FileNode | undefined {
    const known = folder.children.get(name);
    if (known instanceof FileNode) return known;
    const path = folder.at(name);
    const back = this.#gone.get(path)?.file;
    const { files } = this.#options.limits;
    if (back === undefined && this.files.size >= files) {
      this.#tooMany(folder, `there are more than ${files} files in all`);
      return undefined;
    }
    const file = back ?? new FileNode(path, `${folder.order}/${name}`);
    if (back !== undefined) {
      this.#gone.delete(path);
      back.gone = false;
      this.#options.copies.reorder(back.text, this.touched);
      this.findingsChanged = true;
    }
    this.files.add(file);
    folder.children.set(name, file);
    return file;
  }

  /** The content cannot be read; the last good one stays. */
  #fail(file: FileNode, problem: { readonly message: string } | Diagnostic, version?: FileVersion): void {
    this.#read(file);
    file.version = version;
    file.young = version !== undefined && isYoung(version);
    const kept = (file.text?.documents.length ?? 0) > 0;
    this.#setProblem(file, {
      reason: "UnreadableFile",
      severity: "error",
      source: { kind: "file", file: file.path },
      ...problem,
      effect: kept ? "its last good content stays in force" : "nothing of the file is in force",
    });
  }

  #setProblem(file: FileNode, problem: Diagnostic | undefined): void {
    if (sameFinding(file.problem, problem)) return;
    file.problem = problem;
    this.#note(file);
  }

  #tooMany(folder: FolderNode, why: string): void {
    this.#setFolderProblem(folder, {
      reason: "TooManyFiles",
      severity: "error",
      message: `cannot read all that is in folder "${folder.path}": ${why}`,
      effect: "nothing of the rest is in force",
      source: { kind: "file", file: folder.path },
    });
  }

  #setFolderProblem(folder: FolderNode, problem: Diagnostic | undefined): void {
    if (sameFinding(folder.problem, problem)) return;
    folder.problem = problem;
    this.findingsChanged = true;
  }

  #vanish(folder: FolderNode, name: string, child: FolderNode | FileNode): void {
    folder.children.delete(name);
    if (child instanceof FolderNode) {
      this.#quota.removeFolder(child.linked);
      child.closed = true;
      child.watch?.close();
      child.watch = undefined;
      if (this.#oldPaths.size >= MAX_OLD_PATHS) this.#oldPaths.clear();
      this.#oldPaths.add(child.path);
      for (const [name, grandchild] of child.children) this.#vanish(child, name, grandchild);
      return;
    }
    child.gone = true;
    child.version = undefined; // a file that comes back under this name is new
    this.#read(child);
    this.#options.copies.reorder(child.text, this.touched);
    this.findingsChanged = true;
    this.#gone.set(child.path, { file: child, sinceMs: performance.now() });
  }

  #forget(file: FileNode): void {
    this.files.delete(file);
    this.faulty.delete(file);
    this.#weigh(file, 0);
    this.#options.copies.replace(file, file.text, undefined, this.touched);
    file.text = undefined;
    this.findingsChanged = true;
  }
}

function sameFinding(a: Diagnostic | undefined, b: Diagnostic | undefined): boolean {
  return a?.message === b?.message && a?.effect === b?.effect && placeOf(a) === placeOf(b);
}

function placeOf(finding: Diagnostic | undefined): string | undefined {
  return finding?.source && formatSource(finding.source);
}
