/**
 * How much an annotation can do.
 *
 * @module
 */

/** Risk of an annotation as ingress-nginx rates it (annotations-risk-level). */
export type Risk = "Low" | "Medium" | "High" | "Critical";
