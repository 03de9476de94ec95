import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Cleanup, gcpConfig, owned, plannerOf, settled } from "../../run/cleanup";
import { type DatasetObject, identityOf, listDataset, renderDatasetList } from "../../run/dataset-objects";
import { datasetName, runLayout } from "../../run/layout";
import { removeLeftoverBucket } from "../../run/leftovers";
import { contentType, type LocalDataset, type RemoteDataset, type RemoteObjects, readLocalDataset } from "../dataset";
import type { Job } from "../training-job-args";

type JobArgs = "kmsKey" | "softDeleteDays" | "project" | "region" | "resultsDir" | "saveCheckpoints" | "datasetObjects";

export interface DataBucketArgs extends Pick<Job, JobArgs> {
    bucketName: string;
    labels: pulumi.Input<Record<string, string>>;
    /** A local file or folder, which is uploaded, or objects, which stay where they are. */
    dataset: LocalDataset | RemoteDataset | RemoteObjects;
    cleanup: Cleanup;
}

/** The dataset in a bucket. */
export interface StoredDataset {
    /** `gs://` URI of the object; for several objects, their folder with a trailing slash, or their pattern. */
    uri: pulumi.Output<string>;
    /** `gs://` URI of the object, or of the first one in the folder. */
    firstObject: pulumi.Output<string>;
    /**
     * Hash for the run id: either `md5:<base64>`, `crc32c:<base64>` for an object without an MD5, or `files:<base64>`
     * for several files.
     */
    hash: pulumi.Output<string>;
    /** In base64; `""` for several files, and for an object without an MD5, such as a composite object. */
    md5: pulumi.Output<string>;
    /** In base64; `""` for several files. */
    crc32c: pulumi.Output<string>;
    /** For several files, generations separated by commas; `""` if `objects` has them. */
    generation: pulumi.Output<string>;
    /** The objects of a folder or pattern in a bucket; empty for other datasets. */
    objects: pulumi.Output<DatasetObject[]>;
}

/** The bucket for a job's dataset and runs. Destroying it deletes everything in it. */
export class DataBucket extends pulumi.ComponentResource {
    readonly bucket: gcp.storage.Bucket;
    readonly dataset: StoredDataset;

    constructor(name: string, args: DataBucketArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:DataBucket", name, {}, opts);
        const { resultsDir, saveCheckpoints } = args;
        this.bucket = new gcp.storage.Bucket(
            name,
            {
                project: args.project,
                name: args.bucketName,
                // Cloud Storage returns locations in upper case, and a location in lower case would count as a change
                // that replaces the bucket. The VM's region is used because reading across regions costs money and
                // time.
                location: args.region.toUpperCase(),
                uniformBucketLevelAccess: true,
                publicAccessPrevention: "enforced",
                versioning: { enabled: true },
                lifecycleRules: [{ action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 1 } }],
                encryption: args.kmsKey ? { defaultKmsKeyName: args.kmsKey } : undefined,
                // By default, Google keeps deleted objects for seven days and bills for them:
                // https://cloud.google.com/storage/docs/soft-delete
                softDeletePolicy: { retentionDurationSeconds: args.softDeleteDays * 86_400 },
                forceDestroy: true,
                labels: args.labels,
                // The provider fails to delete a bucket that no longer exists, so the cleanup deletes it.
                deletionPolicy: "ABANDON",
            },
            owned(this, args.cleanup, {
                beforeCreate: [
                    async () =>
                        removeLeftoverBucket(
                            await plannerOf(args.cleanup),
                            { project: args.project, name: args.bucketName },
                            await settled(pulumi.output({ stack: pulumi.getStack(), resultsDir, saveCheckpoints })),
                        ),
                ],
            }),
        );
        this.dataset =
            args.dataset.kind === "file"
                ? this.#upload(`${name}-dataset`, args.dataset, args.cleanup)
                : args.dataset.kind === "object"
                  ? this.#lookUp(args.dataset, args.cleanup)
                  : this.#list(args.dataset, args.datasetObjects);
        this.registerOutputs();
    }

    /** Tells a run's container which generations to read. A dataset of one object or of uploaded files has no list. */
    writeList(name: string, runId: pulumi.Output<string>, { dataset, cleanup }: DataBucketArgs) {
        if (dataset.kind !== "objects") {
            return { uri: pulumi.output(""), objects: [] };
        }
        const list = new gcp.storage.BucketObject(
            name,
            {
                bucket: this.bucket.name,
                name: runId.apply((id) => runLayout(id).datasetList),
                source: this.dataset.objects.apply(
                    (objects) => new pulumi.asset.StringAsset(renderDatasetList(dataset, objects)),
                ),
                contentType: "application/json",
            },
            // The lists of earlier runs are kept, like the runs themselves, until the bucket is destroyed.
            { ...owned(this, cleanup), retainOnDelete: true },
        );
        return { uri: pulumi.interpolate`gs://${list.bucket}/${list.name}`, objects: [list] };
    }

    #upload(name: string, { path }: LocalDataset, cleanup: Cleanup): StoredDataset {
        const { files, hex, identity } = readLocalDataset(path);
        const isFolder = files[0]?.path !== path;
        const objects = [...files].map(
            (file) =>
                new gcp.storage.BucketObject(
                    isFolder ? `${name}-${file.fileName}` : name,
                    {
                        bucket: this.bucket.name,
                        name: datasetName(hex, file.fileName),
                        source: new pulumi.asset.FileAsset(file.path),
                        contentType: contentType(file.fileName),
                    },
                    owned(this, cleanup),
                ),
        );
        const [first] = objects;
        if (first === undefined) {
            throw new pulumi.RunError(`dataset must be a file, or a folder with files; got an empty folder, ${path}`);
        }
        // The folder is complete when every object exists.
        const uris = pulumi.all(objects.map((object) => pulumi.interpolate`gs://${object.bucket}/${object.name}`));
        const firstObject = uris.apply(([uri = ""]) => uri);
        return {
            uri: isFolder ? firstObject.apply((uri) => uri.slice(0, uri.lastIndexOf("/") + 1)) : firstObject,
            firstObject,
            hash: pulumi.output(identity),
            md5: pulumi.output(isFolder ? "" : (files[0]?.md5.base64 ?? "")),
            crc32c: isFolder ? pulumi.output("") : first.crc32c,
            generation: pulumi.all(objects.map(({ generation }) => generation)).apply((all) => all.join(",")),
            objects: pulumi.output([]),
        };
    }

    #lookUp({ bucket, name }: RemoteDataset, cleanup: Cleanup): StoredDataset {
        const uri = `gs://${bucket}/${name}`;
        const found = gcp.storage.getBucketObjectOutput({ bucket, name }, { parent: this, dependsOn: [cleanup] });
        return {
            uri: pulumi.output(uri),
            firstObject: pulumi.output(uri),
            hash: found.apply(({ md5hash, crc32c }) => {
                if (!md5hash && !crc32c) {
                    throw new pulumi.RunError(
                        `The dataset ${uri} must be an object that you can read; found nothing (gcloud storage ls ${uri})`,
                    );
                }
                return md5hash ? `md5:${md5hash}` : `crc32c:${crc32c}`;
            }),
            md5: found.md5hash,
            crc32c: found.crc32c,
            generation: found.generation.apply(String),
            objects: pulumi.output([]),
        };
    }

    #list(dataset: RemoteObjects, known: readonly DatasetObject[]): StoredDataset {
        const listed = known.length > 0 ? known : listDataset(dataset, gcpConfig);
        const objects = pulumi.output(listed as DatasetObject[] | Promise<DatasetObject[]>);
        const uri = `gs://${dataset.bucket}/`;
        return {
            uri: pulumi.output(`${uri}${dataset.pattern}`),
            firstObject: objects.apply(([first]) => `${uri}${first?.name}`),
            hash: objects.apply((all) => identityOf(all, dataset.pattern)),
            md5: pulumi.output(""),
            crc32c: pulumi.output(""),
            generation: pulumi.output(""),
            objects,
        };
    }
}
