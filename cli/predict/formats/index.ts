import type { Format } from "../arguments";
import { formatCsv } from "./csv";
import { formatExcel } from "./excel";
import type { FormatRows } from "./format";
import { formatJsonLines } from "./json-lines";

/** How each format is written. */
export const FORMATTERS: Readonly<Record<Format, FormatRows>> = {
    csv: formatCsv,
    jsonl: formatJsonLines,
    xlsx: formatExcel,
};
