import { KEYS, type KeyName } from "./keys";
import { type Conflict, conflict, type Rule } from "./rule";
import { gridSize, type Points, pointsOf } from "./sweep";

/** The bundle that each task downloads has a line of about 600 bytes for each point. */
const MAX_POINTS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** Maximum number of VMs that Batch runs at once for a job in several zones: https://cloud.google.com/batch/quotas */
const MAX_VMS = 4_000;
const SWEEP_KEYS = ["sweep", "sweepFile"] as const;

function remove(key: KeyName, must: string, entry: readonly string[] = []): Conflict {
    return { key, must, fix: { remove: [key, ...entry] } };
}

/** A rule for the points, which is skipped if there are none. */
function onPoints(
    keys: readonly KeyName[],
    find: (...args: [...Parameters<Rule["find"]>, Points]) => ReturnType<Rule["find"]>,
): Rule {
    return {
        keys: [...SWEEP_KEYS, ...keys],
        find: (config, files) => {
            if (gridSize(config.sweep) > MAX_POINTS) {
                return undefined;
            }
            const points = pointsOf(config, files);
            return points.problem !== undefined || points.points.length === 0 ? undefined : find(config, files, points);
        },
    };
}

/** A rule for a key that must be set together with at least one of the others. */
function onlyWith(key: KeyName, needed: readonly KeyName[]): Rule {
    const isSet = (value: unknown, name: KeyName) => JSON.stringify(value) !== JSON.stringify(KEYS[name].default);
    return {
        keys: [key, ...needed],
        find: (config) =>
            isSet(config[key], key) && !needed.some((other) => isSet(config[other], other))
                ? remove(key, `must not be set without ${needed.join(" or ")}`)
                : undefined,
    };
}

/** A sweep's limits, which are checked so that Batch does not reject it after everything else has been created. */
export const sweepRules: readonly Rule[] = [
    onlyWith("sweepMetric", SWEEP_KEYS),
    onlyWith("maxFailedTasks", SWEEP_KEYS),
    onlyWith("sweepGoal", ["sweepMetric"]),
    {
        keys: SWEEP_KEYS,
        find: ({ sweep, sweepFile }) =>
            sweepFile !== "" && Object.keys(sweep).length > 0
                ? remove("sweepFile", "must not be set together with sweep, because both specify the points")
                : undefined,
    },
    {
        keys: SWEEP_KEYS,
        find: ({ sweep }) => {
            const size = gridSize(sweep);
            return size > MAX_POINTS
                ? remove(
                      "sweep",
                      `must have at most ${MAX_POINTS.toLocaleString("en-US")} combinations; it has ${size.toLocaleString("en-US")}`,
                  )
                : undefined;
        },
    },
    {
        keys: SWEEP_KEYS,
        find: (config, files) => {
            const { problem } = gridSize(config.sweep) > MAX_POINTS ? { problem: undefined } : pointsOf(config, files);
            return problem === undefined ? undefined : conflict("sweepFile", problem);
        },
    },
    onPoints([], (_config, _files, { key, points }) => {
        const bytes = Buffer.byteLength(JSON.stringify(points));
        const must = `must have at most ${MAX_POINTS} points and ${MAX_BYTES} bytes of JSON`;
        return points.length > MAX_POINTS || bytes > MAX_BYTES
            ? remove(key, `${must}; it has ${points.length} points and ${bytes} bytes`)
            : undefined;
    }),
    onPoints(["hyperparameters"], ({ hyperparameters }, _files, { key, points }) => {
        const names = points.flatMap((point) => Object.keys(point));
        const both = names.find((name) => Object.hasOwn(hyperparameters, name));
        return both === undefined
            ? undefined
            : remove("hyperparameters", `must not set ${both}, which ${key} also sets`, [both]);
    }),
    onPoints(["maxFailedTasks"], ({ maxFailedTasks }, _files, { points }) =>
        maxFailedTasks >= points.length
            ? conflict("maxFailedTasks", `must be less than the number of points, ${points.length}`, "0")
            : undefined,
    ),
    {
        keys: ["tasks", ...SWEEP_KEYS],
        find: ({ tasks, sweep, sweepFile }) =>
            tasks > 1 && (sweepFile !== "" || Object.keys(sweep).length > 0)
                ? remove("tasks", "must not be set together with a sweep, which has one task for each point")
                : undefined,
    },
    {
        keys: ["engine", "parallelism"],
        find: ({ engine, parallelism }) =>
            engine === "batch" && parallelism > MAX_VMS
                ? conflict(
                      "parallelism",
                      `must be at most ${MAX_VMS}, because Batch runs no more VMs at once for one job`,
                      String(MAX_VMS),
                  )
                : undefined,
    },
];
