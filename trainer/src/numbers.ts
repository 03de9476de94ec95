export { isMissingMarker, parseNumber } from "./model-format";
