/**
 * The model file, `model.json`, which the trainer writes and `npm run predict` reads, and the rules by which a model
 * interprets the cells of a CSV file. This folder imports nothing from elsewhere, so that other programs can use it
 * too.
 */
export * from "./cells";
export * from "./compact-tree";
export * from "./dates";
export * from "./file";
export * from "./numbers";
export { parseModel } from "./parse";
export * from "./types";
