/**
 * As control-signals.ts, for a worker that has a main module of its own.
 *
 * @module
 */
import { holdSignals, WORKER_SIGNALS } from "../runtime/hold-signals.ts";

holdSignals(WORKER_SIGNALS);
