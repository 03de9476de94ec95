/**
 * The model file, `model.json`, which the trainer writes and `npm run predict` reads, and the rules by which a model
 * interprets the cells of a CSV file. This folder imports nothing from elsewhere, so that other programs can use it
 * too.
 */
export { type CellReader, cellReader, isMissingMarker, parseNumber, sniffDelimiter, usesDecimalComma } from "./cells";
export { compileModel, type Predictor } from "./compiled";
export { parseModel } from "./parse";
export { predictEncoded, predictRow, type Row } from "./predict";
export * from "./types";
