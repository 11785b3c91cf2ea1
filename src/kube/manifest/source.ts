/**
 * Folders of manifests as a source of objects: read at start, then followed.
 *
 * Changes are heard of by a watch on each folder; since a watch may miss something on every runtime, a folder is looked
 * at again shortly after anything happened in it, folders and links are glanced at every second, and everything is
 * compared (by size, times and inode) every half minute.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { LogValue } from "../../observe/logger.ts";
import { Store } from "../store.ts";
import { type Commit, ManifestFolders, MAX_FILE_BYTES } from "./folders.ts";
import { backgroundIo } from "./io.ts";
import type { ManifestReading, ManifestSourceOptions } from "./options.ts";
import { FileNode, type FolderNode, sameVersion, versionOf } from "./tree.ts";

/** From the first sign of a change to the look at it, in ms: what else comes meanwhile is looked at together. */
const DEBOUNCE_MS = 2;
/** From the last sign of a change in a folder to the look at all of it, in ms. */
const FOLLOW_UP_MS = 300;
/** The same when signs never stop coming. */
const FOLLOW_UP_CEILING_MS = 2000;
/** More names than these at once: the whole folder is looked at. */
const MAX_NAMES = 256;
/** Links whose targets are looked at in one glance; with more, it takes several. */
const MAX_LINKS = 500;
/** How often files that vanished are looked after, in ms. */
const GONE_MS = 25;

const DEFAULT_RESCAN_MS = 30_000;
const DEFAULT_GLANCE_MS = 1000;

type Timer = ReturnType<typeof setTimeout>;

/** Follows folders of manifests. */
export class ManifestSource {
  readonly #options: ManifestSourceOptions;
  readonly #folders: ManifestFolders;
  /** Names to look at, by folder; `all`: every entry. */
  #pending = new Map<FolderNode, Set<string> | "all">();
  #later: { readonly folder: FolderNode; readonly name: string; readonly atMs: number }[] = [];
  #followUps = new Map<FolderNode, number>();
  #glance = false;
  /** Links that were seen to be unchanged since the round of them began. */
  #linksSeen = new Set<FolderNode | FileNode>();
  #saidUnwatched = false;
  #running: Promise<void> | undefined;
  #started = false;
  #stopped = false;
  #debounce: Timer | undefined;
  #laterTimer: Timer | undefined;
  #followUpTimer: Timer | undefined;
  #goneTimer: Timer | undefined;
  #intervals: Timer[] = [];

  constructor(options: ManifestSourceOptions) {
    this.#options = options;
    this.#folders = new ManifestFolders(options.folders, options.store, {
      maxFileBytes: options.maxFileBytes ?? MAX_FILE_BYTES,
      ...(options.maxLinked === undefined ? {} : { maxLinked: options.maxLinked }),
      again: (folder, name, ms) => this.#again(folder, name, ms),
      changed: (folder, name) => this.#changed(folder, name),
      watched: (folder) => this.#followUp(folder),
      unwatched: (folder, error) => this.#unwatched(folder, error),
    });
  }

  /** Reads everything into the store and begins to follow it. Rejects with {@link ManifestFolderError}. Once only. */
  async start(): Promise<ManifestReading> {
    let reading: ManifestReading;
    try {
      reading = await this.#folders.open();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#folders.scanner.settled();
    for (const finding of reading.diagnostics) this.#log(finding);
    this.#started = true;
    const { rescanIntervalMs = DEFAULT_RESCAN_MS, glanceIntervalMs = DEFAULT_GLANCE_MS } = this.#options;
    this.#intervals = [
      setInterval(() => this.rescan(), rescanIntervalMs),
      setInterval(() => {
        this.#glance = true;
        this.#wake();
      }, glanceIntervalMs),
    ];
    this.#wake();
    return reading;
  }

  /** Stops following; what is being read is finished first. The store keeps what it has. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#debounce, this.#laterTimer, this.#followUpTimer, this.#goneTimer]) clearTimeout(timer);
    for (const timer of this.#intervals) clearInterval(timer);
    this.#folders.close();
    await this.#running;
  }

  /** All findings that stand now, sorted by file, then line. */
  diagnostics(): readonly Diagnostic[] {
    return this.#folders.diagnostics();
  }

  /** Said once: where watches run out, they do so for many folders. */
  #unwatched(folder: FolderNode, error: unknown): void {
    if (this.#saidUnwatched) return;
    this.#saidUnwatched = true;
    this.#options.logger.warning("cannot watch a manifests folder; it is looked at every second", {
      folder: folder.path,
      error: error instanceof Error ? error.message : String(error),
    });
  }

  #changed(folder: FolderNode, name: string | undefined): void {
    // A link such as `..data` stands behind any other entry.
    this.#request(folder, name?.startsWith("..") ? undefined : name);
    this.#followUp(folder);
  }

  /** Asks for a look at an entry; undefined: at all of them. */
  #request(folder: FolderNode, name: string | undefined): void {
    if (this.#stopped || folder.closed) return;
    const names = this.#pending.get(folder);
    if (names === "all") return;
    if (name === undefined || (names !== undefined && names.size >= MAX_NAMES)) this.#pending.set(folder, "all");
    else if (names === undefined) this.#pending.set(folder, new Set([name]));
    else names.add(name);
    this.#wake();
  }

  #again(folder: FolderNode, name: string, ms: number): void {
    if (this.#stopped) return;
    this.#later.push({ folder, name, atMs: performance.now() + ms });
    this.#laterTimer ??= setTimeout(() => this.#laterIsNow(), ms);
  }

  #laterIsNow(): void {
    this.#laterTimer = undefined;
    const now = performance.now();
    const waiting = this.#later;
    this.#later = [];
    let nextMs = Infinity;
    for (const item of waiting) {
      if (item.atMs <= now + 1) this.#request(item.folder, item.name);
      else {
        this.#later.push(item);
        nextMs = Math.min(nextMs, item.atMs - now);
      }
    }
    if (this.#later.length > 0 && !this.#stopped) this.#laterTimer = setTimeout(() => this.#laterIsNow(), nextMs);
  }

  #followUp(folder: FolderNode): void {
    if (this.#stopped) return;
    const now = performance.now();
    const first = this.#followUps.get(folder) ?? now;
    this.#followUps.set(folder, first);
    if (this.#followUpTimer !== undefined) {
      if (now - first > FOLLOW_UP_CEILING_MS) return;
      clearTimeout(this.#followUpTimer);
    }
    this.#followUpTimer = setTimeout(() => {
      this.#followUpTimer = undefined;
      const folders = this.#followUps;
      this.#followUps = new Map();
      for (const folder of folders.keys()) this.#request(folder, undefined);
    }, FOLLOW_UP_MS);
  }

  /** Looks at everything soon, whether or not a watch saw a change; what it brings comes by `onChange`. */
  rescan(): void {
    for (const folder of this.#folders.all()) this.#request(folder, undefined);
  }

  /** Sees that the pending looks are taken soon. */
  #wake(): void {
    if (!this.#started || this.#stopped || this.#running !== undefined) return;
    this.#debounce ??= setTimeout(() => {
      this.#debounce = undefined;
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (this.#pending.size > 0 || this.#glance) this.#wake();
      });
    }, DEBOUNCE_MS);
  }

  /** Takes the looks that are pending, then tells what they brought. Never rejects. */
  async #run(): Promise<void> {
    try {
      if (this.#glance) {
        this.#glance = false;
        await this.#glanceAtFolders();
      }
      const pending = this.#pending;
      this.#pending = new Map();
      for (const [folder, names] of pending) {
        if (this.#stopped) return;
        if (names === "all") await this.#folders.scanner.scanFolder(folder);
        else await this.#folders.scanner.scanNames(folder, [...names]);
      }
      this.#finish();
    } catch (error) {
      this.#options.logger.error("reading manifests failed", { error: String((error as Error)?.stack ?? error) });
    }
  }

  #finish(): void {
    if (this.#stopped) return;
    if (this.#folders.scanner.forgetGone()) {
      this.#goneTimer ??= setTimeout(() => {
        this.#goneTimer = undefined;
        this.#wake();
      }, GONE_MS);
    }
    this.#report(this.#folders.commit());
  }

  #report({ changes, newFindings, findingsChanged }: Commit): void {
    for (const finding of newFindings) this.#log(finding);
    if (changes.length === 0 && !findingsChanged) return;
    this.#options.onChange?.(changes, this.#folders.diagnostics());
  }

  /** What a watch cannot tell: folders that were replaced, targets of links, folders without a watch. */
  async #glanceAtFolders(): Promise<void> {
    await this.#folders.lookAtRoots();
    let links = 0;
    for (const folder of this.#folders.all()) {
      if (this.#stopped) return;
      try {
        if (folder.doubtful || (await backgroundIo.stat(folder.path)).mtimeMs !== folder.mtimeMs) {
          this.#request(folder, undefined);
          continue;
        }
      } catch {
        this.#request(folder, undefined);
        continue;
      }
      for (const [name, child] of folder.children) {
        if (!child.isLink || links >= MAX_LINKS || this.#linksSeen.has(child)) continue;
        links++;
        this.#linksSeen.add(child);
        if (await this.#linkMoved(child)) this.#request(folder, name);
      }
    }
    if (links < MAX_LINKS) this.#linksSeen.clear();
  }

  async #linkMoved(node: FolderNode | FileNode): Promise<boolean> {
    try {
      const version = versionOf(await backgroundIo.stat(node.path));
      if (!(node instanceof FileNode)) return version.inode !== node.inode;
      return node.version === undefined || !sameVersion(node.version, version);
    } catch {
      return !(node instanceof FileNode) || node.problem === undefined;
    }
  }

  #log(finding: Diagnostic): void {
    const { reason, severity, object, field, message, effect, source } = finding;
    const fields: Record<string, LogValue> = {
      reason,
      file: source?.file,
      line: source?.line,
      column: source?.column,
      object: object === undefined ? undefined : `${object.kind}/${object.namespace}/${object.name}`,
      field,
      problem: message,
      effect,
    };
    const { logger } = this.#options;
    if (severity === "error") logger.error("manifest has an error", fields);
    else if (severity === "warning") logger.warning("manifest has a fault", fields);
    else logger.info("manifest has a surprise", fields);
  }
}

/** Reads folders once, into `store`, without following them. Rejects with {@link ManifestFolderError}. */
export async function readManifests(
  folders: readonly string[],
  store: Store = new Store(),
  maxFileBytes: number = MAX_FILE_BYTES,
): Promise<ManifestReading & { readonly store: Store }> {
  const reading = await new ManifestFolders(folders, store, { maxFileBytes, again: () => {} }).open();
  return { ...reading, store };
}
