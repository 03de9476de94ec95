import type { Feature, Model } from "../../../lib/model";
import type { ReportInput } from "../../../lib/report";
import { textFeature } from "../../model/models";
import { madeUp } from "./data";
import { modelOf, reportOf } from "./inputs";
import { uneven } from "./made-up-trees";

const SCRIPTS = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '"><b onmouseover=alert(1)>',
    "&lt;&amp;",
    "]]>-->{{x}}${y}",
];
const WRITINGS = [
    "العربية من اليمين",
    "עברית",
    "日本語の列名",
    "हिन्दी",
    "emoji 🌈👩‍🔬",
    "ελληνικά",
    "\u0000control\u0007\ud800",
    "",
];
const LONG = ["a_very_long_column_name_without_any_place_to_break_it".repeat(4), "many short words ".repeat(20).trim()];

/** Names that a file may contain: with markup, in other scripts, or very long. */
export const AWKWARD_NAMES = [...SCRIPTS, ...WRITINGS, ...LONG];

/** A report with awkward names everywhere. */
export function awkwardReport(): ReportInput {
    const features = AWKWARD_NAMES.map(
        (name, place): Feature =>
            place % 2 === 0 ? textFeature(name, [...AWKWARD_NAMES].sort()) : { name, kind: "number", missing: true },
    );
    const labels = AWKWARD_NAMES.slice(0, 11);
    const model = modelOf(madeUp(features, labels, 5000), [uneven(60, features, 11)]);
    const named: Model = {
        ...model,
        target: AWKWARD_NAMES[0] as string,
        hyperparameters: Object.fromEntries(AWKWARD_NAMES.map((name) => [name, name])),
    };
    const why = AWKWARD_NAMES[1] as string;
    const made = reportOf(named);
    const rows = [...(made.test.actual as number[])].map((_, row) => row);
    const findings = AWKWARD_NAMES.map((name) => ({
        kind: "leak" as const,
        column: name,
        message: name,
        setting: name,
    }));
    return reportOf(named, {
        test: {
            ...made.test,
            rows,
            values: rows.flatMap((row) => labels.map((_, label) => (label === row % 7 ? 1 : 0))),
        },
        metrics: { ...made.metrics, findings, choice: AWKWARD_NAMES[0] as string },
        source: `gs://bucket/${AWKWARD_NAMES[2]}`,
        table: {
            rowCount: 400,
            target: Array.from({ length: 400 }, (_, row) => row % 11),
            lineOf: (row) => row + 2,
            columns: features.map(({ name, kind }, place) => ({
                name,
                isText: kind === "text",
                at: (row) =>
                    kind === "text" ? (AWKWARD_NAMES[(row + place) % AWKWARD_NAMES.length] as string) : row * 1e300,
            })),
        },
        run: { id: AWKWARD_NAMES[3], finishedAt: new Date(0), seconds: 0, machine: AWKWARD_NAMES[1] as string },
        dataset: {
            rowCount: 5000,
            dropped: AWKWARD_NAMES.map((name) => ({ name, why })),
            rowsWithoutTarget: 0,
            target: { why },
        },
    });
}
