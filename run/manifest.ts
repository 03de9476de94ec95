import { costOf, earlierMs, type RunPrice, type VmTime } from "./cost/run-cost";
import type { DatasetObject } from "./dataset-objects";
import { ownFiles, runLayout } from "./layout";
import { renamedFolder } from "./local-paths";
import type { ModelObject } from "./model-objects";
import { parseObject, type RunStatus } from "./status";
import { terminalCell } from "./terminal-text";
import type { AttemptTimes } from "./whole-log";

/** Facts about a run that are known to the stack but not stored in the bucket. */
export interface Provenance {
    datasetUri: string;
    datasetMd5?: string;
    datasetCrc32c?: string;
    datasetGeneration: string;
    /** The objects of a dataset that is a folder or a pattern in a bucket. */
    datasetObjects?: DatasetObject[];
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
    /** The machine's price when the run was deployed; undefined if it was unknown. */
    price?: RunPrice;
    /** `""` for a run without a name; absent in the state of older stacks. */
    runName?: string;
}

/** A verified object and its path in the run's folder. */
export interface SavedObject extends ModelObject {
    path: string;
}

/** True if the text is the manifest of this run and lists exactly these objects. */
export function describesRun(text: string, runId: string, objects: SavedObject[]): boolean {
    const manifest = parseObject(text);
    if (manifest?.schema !== 1 || manifest.runId !== runId || !Array.isArray(manifest.objects)) {
        return false;
    }
    const keyOf = ({ name, path, generation, crc32c, sizeBytes }: Partial<SavedObject>) =>
        JSON.stringify([name, path, generation, crc32c, sizeBytes]);
    const listed = (manifest.objects as (Partial<SavedObject> | null)[]).map((object) => keyOf(object ?? {}));
    return listed.sort().join() === objects.map(keyOf).sort().join();
}

/** The objects in a manifest; empty if the text is not a manifest of this run. */
export function objectsIn(text: string, runId: string): Pick<SavedObject, "name" | "path">[] {
    const manifest = parseObject(text);
    const objects = manifest?.runId === runId && Array.isArray(manifest.objects) ? manifest.objects : [];
    return (objects as (Partial<SavedObject> | null)[]).flatMap((object) => {
        const { name, path } = object ?? {};
        return typeof name === "string" && typeof path === "string" ? [{ name, path }] : [];
    });
}

/** One line for each of the first five objects that are saved under different names, and one for the others. */
export function renamedLines(runId: string, objects: Pick<SavedObject, "name" | "path">[]): string[] {
    const maxShown = 5;
    const renamed = objects.filter(({ path }) => path.startsWith(`${renamedFolder}/`));
    const lines = renamed.slice(0, maxShown).map(({ name, path }) => {
        const { model, root } = runLayout(runId);
        const prefix = name.startsWith(model) ? model : root;
        const shown = terminalCell(JSON.stringify(name.slice(prefix.length)));
        return `run ${runId}: ${shown} cannot be used as a file name alongside the others; it is saved as ${terminalCell(path)}`;
    });
    if (renamed.length > maxShown) {
        lines.push(
            `run ${runId}: ${renamed.length - maxShown} more files are also saved under other names; ${ownFiles.manifest} lists them`,
        );
    }
    return lines;
}

/**
 * Renders the manifest, which contains everything about a successful run and is written once its results have been
 * verified.
 * @param provenance undefined if only the bucket is known; in that case, those entries are null.
 * @param points the times of a sweep's points or an array's tasks; empty for any other run.
 */
export function renderManifest(
    status: RunStatus,
    provenance: Provenance | undefined,
    metrics: Record<string, unknown>,
    objects: SavedObject[],
    attempts: AttemptTimes[],
    points: readonly VmTime[],
    verifiedAt: string,
): string {
    const seconds = (Date.parse(status.finishedAt ?? "") - Date.parse(status.startedAt ?? "")) / 1000;
    const own = { earlierMs: earlierMs(attempts), lastMs: seconds > 0 ? seconds * 1000 : 0, ...status };
    const manifest = {
        schema: 1,
        runId: status.runId,
        ...(provenance?.runName ? { runName: provenance.runName } : {}),
        state: status.state,
        attempts: status.attempt,
        interruptions: status.interruptions,
        dataset: provenance
            ? {
                  uri: provenance.datasetUri,
                  generation: provenance.datasetGeneration,
                  md5Hash: provenance.datasetMd5 ?? null,
                  crc32c: provenance.datasetCrc32c ?? null,
                  ...(provenance.datasetObjects ? { objects: provenance.datasetObjects } : {}),
              }
            : null,
        imageDigest: provenance?.imageDigest ?? null,
        hyperparameters: provenance?.hyperparameters ?? null,
        target: provenance?.target ?? null,
        dropColumns: provenance?.dropColumns ?? null,
        env: provenance?.env ?? null,
        metrics,
        machine: provenance
            ? {
                  type: provenance.machineType,
                  provisioning: provenance.provisioning,
                  project: provenance.project,
                  zone: provenance.zone,
                  instance: provenance.instance,
              }
            : null,
        timings: {
            startedAt: status.startedAt,
            finishedAt: status.finishedAt,
            seconds: Number.isNaN(seconds) ? null : seconds,
            verifiedAt,
            attempts,
        },
        cost: provenance?.price === undefined ? null : costOf(provenance.price, points.length > 0 ? points : [own]),
        objects,
    };
    return `${JSON.stringify(manifest, null, 4)}\n`;
}
