/**
 * Starts a worker where the program runs from its source: without what only the control process needs, it is there
 * sooner.
 *
 * @module
 */
import "./first-worker-signals.ts"; // must stay the first one
import { runtime } from "../runtime/mod.ts";
import { worker } from "./worker.ts";

if (import.meta.main) void worker(runtime().args());
