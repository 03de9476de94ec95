import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { stringify } from "yaml";
import type { SavedRun } from "../../run/saved-runs";

/**
 * Numbers that represent a run's state in MLflow's files.
 * https://github.com/mlflow/mlflow/blob/master/mlflow/protos/service.proto
 */
const STATUSES: Readonly<Record<string, number>> = { SUCCEEDED: 3, FAILED: 4, TIMED_OUT: 5, INTERRUPTED: 5 };
const RUNNING = 1;
/** The source of a run is a local program. */
const LOCAL_SOURCE = 4;

/**
 * Writes runs in MLflow's file format. Writing the same runs again replaces them.
 *
 * @param target the folder that MLflow calls `mlruns`
 * @param results the stack's results folder; MLflow shows the files of a run from there
 */
export async function writeMlflow(
    runs: readonly SavedRun[],
    experiment: string,
    target: string,
    results: string,
): Promise<void> {
    const experimentId = String(BigInt(`0x${hash(experiment).slice(0, 14)}`));
    const folder = path.join(target, experimentId);
    const times = runs.map(startOf).filter((time) => time > 0);
    await writeYaml(path.join(folder, "meta.yaml"), {
        artifact_location: pathToFileURL(path.resolve(results)).href,
        creation_time: Math.min(...times, Date.now()),
        experiment_id: experimentId,
        last_update_time: Math.max(...times, 0),
        lifecycle_stage: "active",
        name: experiment,
    });
    for (const run of runs) {
        await writeRun(run, experiment, experimentId, folder, results);
    }
}

async function writeRun(
    run: SavedRun,
    experiment: string,
    experimentId: string,
    folder: string,
    results: string,
): Promise<void> {
    const id = hash(`${experiment}/${run.id}`).slice(0, 32);
    const own = path.join(folder, id);
    const name = run.name ?? run.id;
    const finished = Date.parse(run.finishedAt ?? "");
    await writeYaml(path.join(own, "meta.yaml"), {
        artifact_uri: pathToFileURL(path.resolve(results, run.id)).href,
        end_time: Number.isNaN(finished) ? null : finished,
        entry_point_name: "",
        experiment_id: experimentId,
        lifecycle_stage: "active",
        run_id: id,
        run_name: name,
        run_uuid: id,
        source_name: "",
        source_type: LOCAL_SOURCE,
        source_version: "",
        start_time: startOf(run),
        status: STATUSES[run.state] ?? RUNNING,
        tags: [],
        user_id: "gcp-trainer",
    });
    // MLflow recognises a folder as a run only if it contains all of these.
    await mkdir(path.join(own, "artifacts"), { recursive: true });
    const time = Number.isNaN(finished) ? startOf(run) : finished;
    await writeAll(path.join(own, "params"), run.parameters);
    await writeAll(
        path.join(own, "metrics"),
        Object.fromEntries(Object.entries(run.metrics).map(([key, value]) => [key, `${time} ${value} 0\n`])),
    );
    const tags = {
        "mlflow.runName": name,
        "gcp-trainer.runId": run.id,
        "gcp-trainer.dataset": run.dataset,
        "gcp-trainer.datasetHash": run.datasetHash,
        "gcp-trainer.image": run.image,
        "gcp-trainer.machine": run.machine,
        "gcp-trainer.state": run.state,
    };
    await writeAll(
        path.join(own, "tags"),
        Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, value ?? ""])),
    );
}

/** Writes one file for each value. Changes names that MLflow rejects or that would point outside the folder. */
async function writeAll(folder: string, values: Readonly<Record<string, string>>): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const [name, value] of Object.entries(values)) {
        const safe =
            name
                .replace(/[^\w. -]/g, "_")
                .replace(/^\.+/, "_")
                .slice(0, 200) || "_";
        await writeFile(path.join(folder, safe), value);
    }
}

async function writeYaml(file: string, content: object): Promise<void> {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, stringify(content));
}

function startOf({ startedAt }: SavedRun): number {
    return Date.parse(startedAt ?? "") || 0;
}

function hash(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}
