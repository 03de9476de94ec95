import type { ModelObject } from "./model-objects";
import type { RunStatus } from "./status";
import type { AttemptTimes } from "./whole-log";

/** What the stack knows of a run and the bucket does not say. */
export interface RunFacts {
    datasetUri: string;
    datasetMd5?: string;
    datasetCrc32c?: string;
    datasetGeneration: string;
    imageDigest: string;
    hyperparameters: Record<string, unknown>;
    target: string;
    dropColumns: string[];
    env: string[];
    machineType: string;
    provisioning: string;
    project: string;
    zone: string;
    instance: string;
}

/** A verified object and where it is in the run's folder. */
export interface SavedObject extends ModelObject {
    path: string;
}

/** Name of a run's manifest object. */
export function manifestName(runId: string): string {
    return `runs/${runId}/manifest.json`;
}

/**
 * Text of the manifest: all there is to know about a successful run, written when its results have been verified.
 * @param facts undefined when the run is saved by something that knows only the bucket; those entries are null then.
 */
export function renderManifest(
    status: RunStatus,
    facts: RunFacts | undefined,
    metrics: Record<string, unknown>,
    objects: SavedObject[],
    attempts: AttemptTimes[],
    verifiedAt: string,
): string {
    const seconds = (Date.parse(status.finishedAt ?? "") - Date.parse(status.startedAt ?? "")) / 1000;
    const manifest = {
        schema: 1,
        runId: status.runId,
        state: status.state,
        attempts: status.attempt,
        interruptions: status.interruptions,
        dataset: facts
            ? {
                  uri: facts.datasetUri,
                  generation: facts.datasetGeneration,
                  md5Hash: facts.datasetMd5 ?? null,
                  crc32c: facts.datasetCrc32c ?? null,
              }
            : null,
        imageDigest: facts?.imageDigest ?? null,
        hyperparameters: facts?.hyperparameters ?? null,
        target: facts?.target ?? null,
        dropColumns: facts?.dropColumns ?? null,
        env: facts?.env ?? null,
        metrics,
        machine: facts
            ? {
                  type: facts.machineType,
                  provisioning: facts.provisioning,
                  project: facts.project,
                  zone: facts.zone,
                  instance: facts.instance,
              }
            : null,
        timings: {
            startedAt: status.startedAt,
            finishedAt: status.finishedAt,
            seconds: Number.isNaN(seconds) ? null : seconds,
            verifiedAt,
            attempts,
        },
        objects,
    };
    return `${JSON.stringify(manifest, null, 4)}\n`;
}
