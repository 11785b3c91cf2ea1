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
import type { ObjectSource, SourceState, SourceTarget } from "../source.ts";
import { type Commit, ManifestFolders } from "./folders.ts";
import { backgroundIo } from "./io.ts";
import { MANIFEST_LIMITS } from "./limits.ts";
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
/** Folders, and links, that are looked at in one glance; with more, it takes several. */
const MAX_GLANCES = 500;
/** How often files that vanished are looked after, in ms. */
const GONE_MS = 25;

const DEFAULT_RESCAN_MS = 30_000;
const DEFAULT_GLANCE_MS = 1000;

type Timer = ReturnType<typeof setTimeout>;

/** Follows folders of manifests. */
export class ManifestSource implements ObjectSource {
  readonly name = "manifests";
  readonly #options: ManifestSourceOptions;
  #target: SourceTarget | undefined;
  #state: SourceState = { kind: "starting" };
  readonly #folders: ManifestFolders;
  /** Names to look at, by folder. */
  #named = new Map<FolderNode, Set<string>>();
  /** Folders all of which is to be looked at. */
  #whole = new Set<FolderNode>();
  #later: { readonly folder: FolderNode; readonly name: string; readonly atMs: number }[] = [];
  #followUps = new Map<FolderNode, number>();
  #glance = false;
  /** Folders and links that were glanced at since the round of them began. */
  #glanced = new Set<FolderNode | FileNode>();
  /** Names are being looked at. */
  #looking = false;
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
    this.#folders = new ManifestFolders(options.folders, {
      limits: { ...MANIFEST_LIMITS, ...options.limits },
      again: (folder, name, ms) => this.#again(folder, name, ms),
      changed: (folder, name) => this.#changed(folder, name),
      watched: (folder) => this.#followUp(folder),
      unwatched: (folder, error) => this.#unwatched(folder, error),
      between: () => this.#between(),
    });
  }

  /** Synced; degraded while a folder of the options cannot be read, and its last content stays in force. */
  get state(): SourceState {
    return this.#state;
  }

  /** Reads everything and begins to follow it. Rejects with {@link ManifestFolderError}. */
  async start(target: SourceTarget): Promise<ManifestReading> {
    let reading: ManifestReading;
    this.#target = target;
    try {
      reading = await this.#folders.open(target);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#folders.scanner.settled();
    const { files, objects, tookMs } = reading;
    this.#options.logger.info("manifests read", { files, objects, ms: Math.round(tookMs) });
    if (reading.diagnostics.length > 0) target.diagnosticsChanged(reading.diagnostics);
    this.#judge();
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
    const every = `it is looked at every second, or at ${MAX_GLANCES} such folders a second`;
    this.#options.logger.warning(`cannot watch a manifests folder; ${every}`, {
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
    const names = this.#named.get(folder);
    if (name === undefined || (names !== undefined && names.size >= MAX_NAMES)) this.#whole.add(folder);
    else if (names === undefined) this.#named.set(folder, new Set([name]));
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

  /** Looks at everything soon, whether or not a watch saw a change. */
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
        if (this.#named.size > 0 || this.#whole.size > 0 || this.#glance) this.#wake();
      });
    }, DEBOUNCE_MS);
  }

  /** Takes the looks that are pending, then tells what they brought. Never rejects. */
  async #run(): Promise<void> {
    try {
      const whole = this.#whole;
      this.#whole = new Set();
      await this.#lookAtNames();
      if (this.#glance) {
        this.#glance = false;
        await this.#glanceAtFolders();
      }
      for (const folder of whole) {
        if (this.#stopped) return;
        await this.#folders.scanner.scanFolder(folder);
      }
      this.#finish();
    } catch (error) {
      this.#options.logger.error("reading manifests failed", { error: String((error as Error)?.stack ?? error) });
    }
  }

  /** What a watch has told of since a long look began comes first, unless that would tear apart what the look has found. */
  #between(): Promise<void> | undefined {
    if (!this.#started || this.#looking || this.#named.size === 0 || this.#folders.scanner.touched.size > 0) {
      return undefined;
    }
    return this.#lookAtNames();
  }

  async #lookAtNames(): Promise<void> {
    if (this.#named.size === 0) return;
    const named = this.#named;
    this.#named = new Map();
    this.#looking = true;
    try {
      for (const [folder, names] of named) {
        if (this.#stopped) return;
        await this.#folders.scanner.scanNames(folder, [...names]);
      }
    } finally {
      this.#looking = false;
    }
    // Whatever is gone stays for now: it may be found elsewhere.
    if (!this.#stopped) this.#report(this.#folders.commit());
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

  #report({ newFindings, findingsChanged }: Commit): void {
    if (!findingsChanged) return;
    this.#target?.diagnosticsChanged(newFindings);
    this.#judge();
  }

  /** Tells how well the folders are, if that differs. */
  #judge(): void {
    const problem = this.#folders.roots.find((root) => root.problem?.reason === "UnreadableFolder")?.problem;
    const state: SourceState = problem === undefined
      ? { kind: "synced" }
      : { kind: "degraded", reason: problem.message };
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#target?.stateChanged();
  }

  /** What a watch cannot tell: folders that were replaced, targets of links, folders without a watch. */
  async #glanceAtFolders(): Promise<void> {
    await this.#folders.lookAtRoots();
    let looks = 0;
    const due = (node: FolderNode | FileNode): boolean => {
      if (looks >= MAX_GLANCES || this.#glanced.has(node)) return false;
      looks++;
      this.#glanced.add(node);
      return true;
    };
    for (const folder of this.#folders.all()) {
      if (this.#stopped) return;
      if (due(folder) && await this.#folderMoved(folder)) {
        this.#request(folder, undefined);
        continue;
      }
      for (const [name, child] of folder.children) {
        if (child.isLink && due(child) && await this.#linkMoved(child)) this.#request(folder, name);
      }
      const urgent = this.#between();
      if (urgent !== undefined) await urgent;
    }
    if (looks < MAX_GLANCES) this.#glanced.clear();
  }

  async #folderMoved(folder: FolderNode): Promise<boolean> {
    try {
      return folder.doubtful || (await backgroundIo.stat(folder.path)).mtimeMs !== folder.mtimeMs;
    } catch {
      return true;
    }
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
}
