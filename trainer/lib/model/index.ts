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
    writeParts,
} from "./cells";
export { compileModel, type Predictor } from "./compiled";
export * from "./dates";
export * from "./numbers";
export { CompactTrees, expandTree, isSplit, LEAF, sharesOf, type CompactTree } from "./compact-tree";
export { formatModel } from "./json";
export { parseModel } from "./parse";
export { readModel } from "./read";
export { predictEncoded, predictRow, type Row } from "./predict";
export * from "./types";
