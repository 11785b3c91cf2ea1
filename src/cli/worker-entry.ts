/**
 * Main module of a worker where the program runs from its source. It loads only what a worker needs.
 *
 * @module
 */
import "./worker-signals.ts"; // must stay the first one
import { runtime } from "../runtime/mod.ts";
import { worker } from "./worker.ts";

if (import.meta.main) void worker(runtime().args());
