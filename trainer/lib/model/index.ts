/**
 * The model file, `model.json`, which the trainer writes and `npm run predict` reads, and the rules by which a model
 * interprets the cells of a CSV file. This folder imports nothing from elsewhere, so that other programs can use it
 * too.
 */
export {
    type CellReader,
    type CellRemark,
    cellReader,
    isMissingMarker,
    MAX_MARKER_LENGTH,
    nameColumns,
    parseNumber,
    readSeparatorLine,
    sniffDelimiter,
    usesDecimalComma,
} from "./cells";
export {
    type CompactTree,
    CompactTrees,
    compactTree,
    compactTrees,
    endOf,
    expandTree,
    LEAF,
    sharesAt,
    TreeBuilder,
} from "./compact-tree";
export { addLeaf, compileModel, largestOf } from "./compiled";
export * from "./dates";
export { formatModel } from "./json";
export * from "./numbers";
export { parseModel } from "./parse";
export { readModel } from "./read";
export * from "./types";
