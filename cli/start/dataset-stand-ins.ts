import { statSync } from "node:fs";
import path from "node:path";
import { contentType, datasetPaths, parseDataset } from "../../infra/dataset";
import { commonFolder } from "../../run/dataset-objects";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import { call, create, type RehearsalContext } from "./rehearsal-context";
import { contentOfFile, upload } from "./resources/bucket-object";

/** Files on this machine that stand in for a dataset in a bucket that does not exist in the emulator. */
export interface DatasetStandIns {
    bucket: string;
    objects: { name: string; file: string }[];
}

/**
 * Finds the files that stand in for a dataset in a bucket.
 * @param from absolute path of a file or folder; undefined for none
 * @throws UsageError if they cannot stand in for it, or if the dataset has several objects and no files are given
 */
export function datasetStandIns(dataset: string, from: string | undefined): DatasetStandIns | undefined {
    const source = parseDataset(dataset);
    if (source === undefined || source.kind === "file") {
        if (from !== undefined) {
            throw new UsageError(
                `--dataset-from must stand in for a dataset in a bucket; got the dataset ${JSON.stringify(dataset)} (leave out --dataset-from)`,
            );
        }
        return undefined;
    }
    if (from === undefined) {
        if (source.kind === "objects") {
            throw new UsageError(
                `A rehearsal of the dataset ${dataset} needs files that stand in for its objects, because the emulator starts empty (${commandLine("start", "--dataset-from FOLDER")})`,
            );
        }
        return undefined;
    }
    const { bucket } = source;
    const isFolder = statSync(from, { throwIfNoEntry: false })?.isDirectory();
    if (isFolder === undefined || (isFolder && source.kind === "object")) {
        const what = source.kind === "object" ? "a file that stands in for one object" : "a file or a folder of files";
        throw new UsageError(
            `--dataset-from must be ${what}; got ${JSON.stringify(from)} (${commandLine("start", "--dataset-from FILE")})`,
        );
    }
    const files = datasetPaths(from);
    const nameOf = (file: string) =>
        source.kind === "object" ? source.name : `${commonFolder(source.pattern)}${path.basename(file)}`;
    return { bucket, objects: files.map((file) => ({ name: nameOf(file), file })) };
}

/** Creates the bucket with the stand-ins. @returns a function that deletes it again */
export async function createStandIns(
    context: RehearsalContext,
    { bucket, objects }: DatasetStandIns,
): Promise<(later: RehearsalContext) => Promise<void>> {
    const { project, region } = context.gcp;
    const at = `/storage/v1/b/${bucket}`;
    const settings = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
    await create(context, `/storage/v1/b?project=${project}`, { name: bucket, location: region, ...settings }, at);
    for (const { name, file } of objects) {
        await upload(context, bucket, name, await contentOfFile(file), contentType(file));
    }
    const [first] = objects;
    const shown = objects.length === 1 && first ? first.name : `${objects.length} objects`;
    context.print(`Assumed to exist: gs://${bucket}, with ${shown} from this machine`);
    return async (later) => {
        for (const { name } of objects) {
            await call(later, "DELETE", `${at}/o/${encodeURIComponent(name)}`);
        }
        await call(later, "DELETE", at);
    };
}
