/**
 * Folders of manifests as a source of objects: read at the start, then followed.
 *
 * A watch on each folder reports changes. A watch may miss some on every runtime, so a folder is scanned again shortly
 * after a change in it, folders and links are polled every second, and everything is rescanned (by size, times and
 * inode) every half minute.
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

/** Delay from the first event of a change to the scan of it, milliseconds; later events are handled together. */
const DEBOUNCE_MS = 2;
/** Delay from the last event in a folder to the scan of the whole folder, milliseconds. */
const FOLLOW_UP_MS = 300;
/** Longest delay of that scan while events keep coming, milliseconds. */
const FOLLOW_UP_CEILING_MS = 2000;
/** Number of names above which the whole folder is scanned. */
const MAX_NAMES = 256;
/** Bound of the folders and links in one poll; more take several polls. */
const MAX_POLLED = 500;
/** Interval of the check of vanished files, milliseconds. */
const GONE_MS = 25;

const DEFAULT_RESCAN_MS = 30_000;
const DEFAULT_POLL_MS = 1000;

type Timer = ReturnType<typeof setTimeout>;

/** Follows folders of manifests. */
export class ManifestSource implements ObjectSource {
  readonly name = "manifests";
  readonly #options: ManifestSourceOptions;
  #target: SourceTarget | undefined;
  #state: SourceState = { kind: "starting" };
  readonly #folders: ManifestFolders;
  /** Names to scan, by folder. */
  #named = new Map<FolderNode, Set<string>>();
  /** Folders to scan completely. */
  #whole = new Set<FolderNode>();
  #later: { readonly folder: FolderNode; readonly name: string; readonly atMs: number }[] = [];
  #followUps = new Map<FolderNode, number>();
  #pollDue = false;
  /** Folders and links that have been polled in the current round. */
  #polled = new Set<FolderNode | FileNode>();
  /** A scan of names is running. */
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
    const { rescanIntervalMs = DEFAULT_RESCAN_MS, pollIntervalMs = DEFAULT_POLL_MS } = this.#options;
    this.#intervals = [
      setInterval(() => this.rescan(), rescanIntervalMs),
      setInterval(() => {
        this.#pollDue = true;
        this.#wake();
      }, pollIntervalMs),
    ];
    this.#wake();
    return reading;
  }

  /** Stops following, after the current scan. The store keeps its objects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#debounce, this.#laterTimer, this.#followUpTimer, this.#goneTimer]) clearTimeout(timer);
    for (const timer of this.#intervals) clearInterval(timer);
    this.#folders.close();
    await this.#running;
  }

  /** All current diagnostics, sorted by file, then line. */
  diagnostics(): readonly Diagnostic[] {
    return this.#folders.diagnostics();
  }

  /** Logs once that folders cannot be watched: a limit of watches affects many folders. */
  #unwatched(folder: FolderNode, error: unknown): void {
    if (this.#saidUnwatched) return;
    this.#saidUnwatched = true;
    const every = `it is looked at every second, or at ${MAX_POLLED} such folders a second`;
    this.#options.logger.warning(`cannot watch a manifests folder; ${every}`, {
      folder: folder.path,
      error: error instanceof Error ? error.message : String(error),
    });
  }

  #changed(folder: FolderNode, name: string | undefined): void {
    // A link such as `..data` may be behind any other entry.
    this.#request(folder, name?.startsWith("..") ? undefined : name);
    this.#followUp(folder);
  }

  /** Requests a scan of an entry; undefined: of all entries. */
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

  /** Scans everything soon, with or without an event; the changes come by `onChange`. */
  rescan(): void {
    for (const folder of this.#folders.all()) this.#request(folder, undefined);
  }

  /** Schedules the pending scans. */
  #wake(): void {
    if (!this.#started || this.#stopped || this.#running !== undefined) return;
    this.#debounce ??= setTimeout(() => {
      this.#debounce = undefined;
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (this.#named.size > 0 || this.#whole.size > 0 || this.#pollDue) this.#wake();
      });
    }, DEBOUNCE_MS);
  }

  /** Runs the pending scans, then reports their changes. Never rejects. */
  async #run(): Promise<void> {
    try {
      const whole = this.#whole;
      this.#whole = new Set();
      await this.#lookAtNames();
      if (this.#pollDue) {
        this.#pollDue = false;
        await this.#pollFolders();
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

  /** Scans entries with new events during a long scan, unless that would separate changes that belong together. */
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
    // Objects of missing files stay for now: they may appear elsewhere.
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

  /** Polls what a watch cannot report: replaced folders, targets of links, folders without a watch. */
  async #pollFolders(): Promise<void> {
    await this.#folders.lookAtRoots();
    let looks = 0;
    const due = (node: FolderNode | FileNode): boolean => {
      if (looks >= MAX_POLLED || this.#polled.has(node)) return false;
      looks++;
      this.#polled.add(node);
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
    if (looks < MAX_POLLED) this.#polled.clear();
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
