// Names of the objects in a stack's bucket. The boot script has its own copy of the names it writes, and
// tests/run/layout.test.ts keeps the two in sync.

/** Prefix for the datasets, which the VM may read. */
export const dataPrefix = "data/";

/** Prefix for all runs, under which the VM may write. */
export const runsPrefix = "runs/";

/** Files that the waiter adds to a run's folder on this machine, next to the model's files. */
export const ownFiles = { manifest: "manifest.json", status: "status.json", trainerLog: "trainer.log" };

/**
 * The name of a dataset's object. Because of the hash, a changed file becomes a new object, so the data for earlier
 * runs stays unchanged.
 * @param md5Hex hex digits of the file's MD5.
 */
export function datasetName(md5Hex: string, fileName: string): string {
    return `${dataPrefix}${md5Hex.slice(0, 10)}/${fileName}`;
}

/** Names of one run's objects. Those that end in a slash are prefixes. */
export function runLayout(runId: string) {
    const root = `${runsPrefix}${runId}/`;
    const log = `${root}log/`;
    return {
        root,
        /** The run's state, written by the boot script and the waiter. */
        status: `${root}${ownFiles.status}`,
        /** The trainer's results. */
        model: `${root}model/`,
        /** The trainer's checkpoints, which are kept across attempts. */
        checkpoints: `${root}checkpoints/`,
        /** The trainer's TensorBoard logs. */
        tensorboard: `${root}logs/`,
        /** Listing of `model/`, written by the boot script after exit code 0. */
        objects: `${root}objects.json`,
        /** The scripts for the tasks of a Batch job, written by `BatchJob`. */
        plan: `${root}plan/`,
        /** The runs of a sweep's points. */
        points: `${root}points/`,
        /** The runs of an array's tasks. */
        tasks: `${root}tasks/`,
        /** A sweep's points with their arguments, written by `BatchJob`. */
        pointList: `${root}plan/points.json`,
        /** A sweep's rows, one for each point that has an outcome. Each object's metadata also contains its row. */
        rows: `${root}rows/`,
        /** The row of the point with this index. */
        row: (index: number) => `${root}rows/${String(index).padStart(6, "0")}`,
        /** A sweep's table, written by its last task. */
        table: `${root}sweep.json`,
        /** The same table as CSV. */
        tableCsv: `${root}sweep.csv`,
        /** The generations to read, for a dataset of several objects; written by the program. */
        datasetList: `${root}dataset.json`,
        /** Log chunks from all attempts. */
        log,
        /** Log chunks from one attempt. */
        attemptLog: (attempt: number) => `${log}${attempt}/`,
        /** A chunk of an attempt's log, named after its first byte's offset. */
        logChunk: (attempt: number, firstByte: number) => `${log}${attempt}/${String(firstByte).padStart(12, "0")}.txt`,
        /** The log from all attempts in one object, written by the waiter. */
        trainerLog: `${root}${ownFiles.trainerLog}`,
        /** Written by the waiter once the results have been verified. */
        manifest: `${root}${ownFiles.manifest}`,
    };
}

/**
 * The run of one point of a sweep or, if its id is an index, of one task of an array. Its objects are in a subfolder of
 * the folder of the sweep or array.
 */
export function pointRun(runId: string, pointId: string): string {
    return `${runId}/${/^\d+$/.test(pointId) ? "tasks" : "points"}/${pointId}`;
}

/** Parses the attempt and offset from the name of a log chunk; undefined for any other object. */
export function parseLogChunkName(runId: string, name: string): { attempt: number; firstByte: number } | undefined {
    const { log } = runLayout(runId);
    const match = /^(\d{1,9})\/(\d{12})\.txt$/.exec(name.slice(log.length));
    return name.startsWith(log) && match ? { attempt: Number(match[1]), firstByte: Number(match[2]) } : undefined;
}
