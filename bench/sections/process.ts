import path from "node:path";
import { type LoneBucket, startTestBucket } from "../../emulator/src/testing";
import { csvFile } from "../generated-data";
import { PEERS, PYTHON, TRAINER } from "../paths";
import { formatCount, formatMegabytes, formatRatio, formatSeconds, formatSpread, spreadOf } from "../results/numbers";
import type { ResultTable, SectionResult, Target } from "../results/results";
import { alternate, type Command, type Measurement, measure } from "../tools/measure";

const PEER_NAMES = ["ours", "Python", "polars, LightGBM"] as const;
/** Contenders that cross-validate, which are measured only with the smallest file. */
const CHOOSING = ["ours, pruned tree", "ours, auto", "Python, forest in 5 folds"] as const;
type Peer = (typeof PEER_NAMES)[number] | (typeof CHOOSING)[number];

interface Comparison {
    readonly rows: number;
    readonly measurements: Readonly<Partial<Record<Peer, readonly Measurement[]>>>;
}

/** Pairs of a row count and a number of repeats. */
const SIZES = [
    [100_000, 5],
    [1_000_000, 3],
    [3_000_000, 1],
] as const;
/** The number of rows for which the project sets performance targets. */
const TARGET_ROWS = 1_000_000;
const LIMITS = ["--maxDepth=10", "--minNumSamples=1"];
const OURS: Partial<Record<Peer, readonly string[]>> = {
    ours: ["--algorithm=tree", ...LIMITS, "--complexity=0"],
    "ours, pruned tree": ["--algorithm=tree"],
    "ours, auto": [],
};

const SCRIPTS: Partial<Record<Peer, string>> = {
    Python: "train.py",
    "polars, LightGBM": "train_polars.py",
    "Python, forest in 5 folds": "train_forest_cv.py",
};

/** Measures the whole process, from a CSV file in a bucket to a model in the bucket. */
export async function benchProcess(quick: boolean): Promise<SectionResult> {
    const bucket = await startTestBucket();
    try {
        const comparisons: Comparison[] = [];
        for (const [rows, repeats] of quick ? ([[2000, 1]] as const) : SIZES) {
            await bucket.putFile(objectOf(rows), await csvFile(rows));
            const measureAll = (peers: readonly Peer[], times: number) =>
                alternate(peers, times, (peer) => train(bucket, peer, rows));
            const measurements = await measureAll(PEER_NAMES, repeats);
            const choosing = comparisons.length === 0 ? await measureAll(CHOOSING, Math.min(repeats, 2)) : {};
            comparisons.push({ rows, measurements: { ...measurements, ...choosing } });
        }
        return {
            notes: [
                "The input is ten numeric columns and a class as CSV (88 bytes a row) in the emulator's bucket. The trainer's bundle (`node train.cjs`) and a Python script " +
                    "(google-cloud-storage, pandas, train_test_split, DecisionTreeClassifier, accuracy, joblib, google-cloud-storage) fit a tree of depth 10 and " +
                    "write the model to the bucket. The third contender reads the file with polars and trains LightGBM with its defaults. The pruned tree and `auto` also run a cross-validation. The last contender cross-validates scikit-learn's forest of 100 trees in five folds, and fits it on all rows. The time covers the whole process. The Python script fits once, on four fifths of the rows. This trainer fits on " +
                    "them, tests, fits again on all rows, and also writes a report and model.onnx. Memory is the largest resident set, as reported by wait4.",
            ],
            tables: [tableOf(comparisons), ...growthTable(comparisons)],
            targets: targetsOf(comparisons),
        };
    } finally {
        await bucket.stop();
    }
}

let runs = 0;

async function train(bucket: LoneBucket, peer: Peer, rows: number): Promise<Measurement> {
    const modelDir = `runs/${runs++}/model/`;
    const env = {
        STORAGE_EMULATOR_HOST: bucket.endpoint,
        AIP_TRAINING_DATA_URI: `gs://${bucket.name}/${objectOf(rows)}`,
        AIP_MODEL_DIR: `gs://${bucket.name}/${modelDir}`,
    };
    const measurement = await measure(commandOf(peer, env));
    const model = modelDir + (OURS[peer] === undefined ? "model.joblib" : "model.json");
    if ((await bucket.sizeOf(model)) === undefined) {
        throw new Error(`${peer} did not write ${model}; it printed:\n${measurement.output}`);
    }
    const { seconds, peakBytes } = measurement;
    console.log(`${peer} ${formatCount(rows)} rows: ${formatSeconds(seconds)}, ${formatMegabytes(peakBytes)}`);
    return measurement;
}

function commandOf(peer: Peer, env: Record<string, string>): Command {
    const target = "--target=class";
    const ours = OURS[peer];
    if (ours !== undefined) {
        return { program: process.execPath, args: [TRAINER, target, ...ours], env };
    }
    const limits = peer === "Python" ? LIMITS : [];
    return { program: PYTHON, args: [path.join(PEERS, SCRIPTS[peer] as string), target, ...limits], env };
}

function objectOf(rows: number): string {
    return `data/${rows}.csv`;
}

function tableOf(comparisons: readonly Comparison[]): ResultTable {
    return {
        caption: "From CSV in the bucket to model in the bucket",
        header: ["rows", "contender", "time", "processor time", "peak memory", "accuracy"],
        rows: comparisons.flatMap(({ rows, measurements }) =>
            Object.entries(measurements).map(([peer, all]) => {
                return [
                    formatCount(rows),
                    peer,
                    formatSpread(spreadOf(all.map(({ seconds }) => seconds)), formatSeconds),
                    formatSeconds(spreadOf(all.map(({ cpuSeconds }) => cpuSeconds)).median),
                    formatSpread(spreadOf(all.map(({ peakBytes }) => peakBytes)), formatMegabytes),
                    /accuracy (\d\.\d+)/.exec(all[0]?.output ?? "")?.[1] ?? "",
                ];
            }),
        ),
    };
}

/** Builds a table of this trainer's cost per additional million rows. Returns nothing if there is only one size. */
function growthTable(comparisons: readonly Comparison[]): ResultTable[] {
    const steps = stepsOf(comparisons);
    return steps.length === 0
        ? []
        : [
              {
                  caption: "Ours: cost of each additional million rows",
                  header: ["from", "to", "time", "memory"],
                  rows: steps.map(({ from, to, seconds, bytes }) => [
                      formatCount(from),
                      formatCount(to),
                      formatSeconds(seconds),
                      formatMegabytes(bytes),
                  ]),
              },
          ];
}

interface Step {
    from: number;
    to: number;
    /** Time for a million rows. */
    seconds: number;
    bytes: number;
}

function stepsOf(comparisons: readonly Comparison[]): Step[] {
    return comparisons.slice(1).map((larger, index) => {
        const smaller = comparisons[index] as Comparison;
        const millions = (larger.rows - smaller.rows) / 1e6;
        const more = (key: "seconds" | "peakBytes") =>
            (medianOf(larger, "ours", key) - medianOf(smaller, "ours", key)) / millions;
        return { from: smaller.rows, to: larger.rows, seconds: more("seconds"), bytes: more("peakBytes") };
    });
}

function medianOf({ measurements }: Comparison, peer: Peer, key: "seconds" | "peakBytes"): number {
    return spreadOf((measurements[peer] ?? []).map((one) => one[key])).median;
}

/**
 * Growth counts as linear if a row in the last step costs at most this many times as much as one in the step before.
 */
const LINEAR = 1.2;

function targetsOf(comparisons: readonly Comparison[]): Target[] {
    const target = comparisons.find(({ rows }) => rows === TARGET_ROWS);
    if (target === undefined) {
        return [];
    }
    const beside = (key: "seconds" | "peakBytes", word: string, most: number): Target => {
        const ratio = medianOf(target, "ours", key) / medianOf(target, "Python", key);
        return {
            target: `whole process, ${formatCount(TARGET_ROWS)} rows: at most ${most} times Python's ${word}`,
            measured: `ratio ${formatRatio(ratio)}`,
            met: ratio <= most,
        };
    };
    const [smallest] = comparisons as [Comparison];
    const auto =
        medianOf(smallest, "ours, auto", "seconds") / medianOf(smallest, "Python, forest in 5 folds", "seconds");
    const [first, last] = stepsOf(comparisons);
    const linear = (key: "seconds" | "bytes", word: string): Target => {
        const ratio = first === undefined || last === undefined ? Number.NaN : last[key] / first[key];
        return {
            target: `${word} grows linearly from 100,000 to 3,000,000 rows (a row after 1,000,000 costs at most ${LINEAR} times as much as one before)`,
            measured: `${ratio.toFixed(2)} times`,
            met: ratio <= LINEAR,
        };
    };
    return [
        beside("seconds", "time", 0.37),
        beside("peakBytes", "peak memory", 0.5),
        {
            target: `whole process, ${formatCount(smallest.rows)} rows: auto is faster than five folds of scikit-learn's forest`,
            measured: `ratio ${formatRatio(auto)}`,
            met: auto < 1,
        },
        linear("seconds", "time"),
        linear("bytes", "memory"),
    ];
}
