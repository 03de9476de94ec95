import { type Body, type GoogleApis, isDisabledApi } from "./google-api";
import { jobLabel } from "./marks";
import { pagesOf } from "./owned-resources";

/** A resource that a stack may have left behind in its project. */
export interface Leftover {
    /** E.g. "disk". */
    kind: string;
    name: string;
    /** Zone, region or size, for display. */
    detail: string;
    /** Number of GiB that are billed, by kind of storage; empty if the resource itself costs nothing. */
    gib: { disk?: { type: string; gib: number }; bucket?: number; registry?: number };
    /** True for a VM that is on and therefore costs its hourly price. */
    isRunning?: boolean;
    /** True if it is billed, but its size cannot be read. */
    isUnpriced?: boolean;
    /** The command that removes it, or the reason why there is none. */
    removal: string;
}

/** Names by which a stack's resources are recognised. */
export interface StackNames {
    project: string;
    region: string;
    /** Value of the label `gcp-trainer`, and the beginning of most names. */
    label: string;
    bucket: string;
    account: string;
    /** The beginning of every VM's name, including the dash. */
    instancePrefix: string;
    /** The beginning of every Batch job's id, including the dash. */
    jobPrefix: string;
}

/**
 * Lists everything in a project that carries a stack's label or name.
 * @returns the resources, and the APIs whose resources cannot be listed because the project has not enabled them
 * @throws an error if this caller may not read an API, because that API's resources would remain unknown
 */
export async function findResidue(
    apis: GoogleApis,
    names: StackNames,
): Promise<{ found: Leftover[]; disabled: string[] }> {
    const lists: Record<string, (apis: GoogleApis, names: StackNames) => Promise<Leftover[]>> = {
        "compute.googleapis.com": computeResidue,
        "storage.googleapis.com": bucketResidue,
        "artifactregistry.googleapis.com": registryResidue,
        "iam.googleapis.com": accountResidue,
        "secretmanager.googleapis.com": secretResidue,
        "pubsub.googleapis.com": pubsubResidue,
        "batch.googleapis.com": jobResidue,
    };
    const disabled: string[] = [];
    const found = await Promise.all(
        Object.entries(lists).map(async ([api, list]) => {
            try {
                return await list(apis, names);
            } catch (error) {
                if (!isDisabledApi(error)) {
                    throw error;
                }
                disabled.push(api);
                return [];
            }
        }),
    );
    return { found: found.flat(), disabled };
}

async function computeResidue(apis: GoogleApis, names: StackNames): Promise<Leftover[]> {
    const root = `${apis.endpoints.compute}projects/${names.project}`;
    const found: Leftover[] = [];
    const add = async (
        url: string,
        kind: string,
        describe: (item: Body) => Partial<Leftover> & { removal: string },
    ) => {
        for await (const item of itemsOf(apis, url)) {
            if (isOurs(item, names)) {
                found.push({ kind, name: String(item.name), detail: placeOf(item), gib: {}, ...describe(item) });
            }
        }
    };
    const gcloud = (what: string, item: Body, flags = "") =>
        `gcloud compute ${what} delete ${String(item.name)}${flags} --project ${names.project}`;
    const zoneFlag = (item: Body) => ` --zone ${lastOf(item.zone)}`;
    const regionFlag = (item: Body) => ` --region ${lastOf(item.region)}`;
    await add(`${root}/aggregated/instances`, "VM", (item) => ({
        detail: `${lastOf(item.machineType)} in ${placeOf(item)}, ${String(item.status)}`,
        isRunning: !["TERMINATED", "SUSPENDED", "STOPPED"].includes(String(item.status)),
        removal: gcloud("instances", item, zoneFlag(item)),
    }));
    await add(`${root}/aggregated/disks`, "disk", (item) => ({
        detail: `${String(item.sizeGb)} GB in ${placeOf(item)}`,
        gib: { disk: { type: lastOf(item.type), gib: Number(item.sizeGb) } },
        removal: gcloud("disks", item, zoneFlag(item)),
    }));
    await add(`${root}/global/images`, "image", (item) => ({
        detail: `${gibOf(Number(item.archiveSizeBytes))} GB`,
        removal: gcloud("images", item),
    }));
    await add(`${root}/aggregated/addresses`, "address", (item) => ({
        detail: `${String(item.address)} in ${placeOf(item)}`,
        removal: gcloud("addresses", item, regionFlag(item)),
    }));
    await add(`${root}/global/firewalls`, "firewall rule", (item) => ({
        removal: gcloud("firewall-rules", item),
    }));
    await add(`${root}/aggregated/subnetworks`, "subnetwork", (item) => ({
        removal: gcloud("networks subnets", item, regionFlag(item)),
    }));
    await add(`${root}/global/networks`, "network", (item) => ({ removal: gcloud("networks", item) }));
    return found;
}

/**
 * Buckets with their objects: current ones, earlier versions, and deleted ones that are still billed. A bucket with
 * `softDeleteDays` is itself kept after its deletion. https://cloud.google.com/storage/docs/soft-delete
 */
async function bucketResidue(apis: GoogleApis, names: StackNames): Promise<Leftover[]> {
    const base = apis.endpoints.storage;
    const url = `${base}b?project=${encodeURIComponent(names.project)}`;
    const oursOf = ({ items = [] }: Body) =>
        (items as Body[]).filter((one) => one.name === names.bucket || isOurs(one, names));
    const found: Leftover[] = [];
    for await (const page of pagesOf(apis, url)) {
        for (const bucket of oursOf(page)) {
            const name = String(bucket.name);
            const sizes = await objectSizes(apis, `${base}b/${name}`);
            const total = sizes.current + sizes.noncurrent + sizes.deleted;
            const parts = [
                `${gibOf(sizes.current)} GB`,
                ...(sizes.noncurrent > 0 ? [`${gibOf(sizes.noncurrent)} GB in earlier versions`] : []),
                ...(sizes.deleted > 0 ? [`${gibOf(sizes.deleted)} GB deleted, but kept`] : []),
            ];
            found.push({
                kind: "bucket",
                name,
                detail: parts.join(", "),
                gib: { bucket: total / 2 ** 30 },
                removal: `gcloud storage rm --recursive --all-versions gs://${name}`,
            });
        }
    }
    for await (const page of pagesOf(apis, `${url}&softDeleted=true`)) {
        for (const { name, hardDeleteTime } of oursOf(page)) {
            const detail = `kept with its objects until ${String(hardDeleteTime)}`;
            const removal = "Cloud Storage removes it at that time; it cannot be removed sooner";
            found.push({ kind: "deleted bucket", name: String(name), detail, gib: {}, isUnpriced: true, removal });
        }
    }
    return found;
}

async function objectSizes(apis: GoogleApis, url: string) {
    const sizes = { current: 0, noncurrent: 0, deleted: 0 };
    for await (const page of pagesOf(apis, `${url}/o?versions=true`)) {
        for (const { size, timeDeleted } of (page.items ?? []) as { size: string; timeDeleted?: string }[]) {
            sizes[timeDeleted === undefined ? "current" : "noncurrent"] += Number(size);
        }
    }
    for await (const page of pagesOf(apis, `${url}/o?softDeleted=true`)) {
        for (const { size } of (page.items ?? []) as { size: string }[]) {
            sizes.deleted += Number(size);
        }
    }
    return sizes;
}

async function registryResidue(apis: GoogleApis, names: StackNames): Promise<Leftover[]> {
    const { project, region } = names;
    const found: Leftover[] = [];
    const url = `${apis.endpoints.artifactRegistry}projects/${project}/locations/${region}/repositories`;
    for await (const page of pagesOf(apis, url)) {
        for (const repository of (page.repositories ?? []) as Body[]) {
            const name = lastOf(repository.name);
            if (isOurs({ ...repository, name }, names)) {
                const bytes = Number(repository.sizeBytes ?? 0);
                found.push({
                    kind: "repository",
                    name,
                    detail: `${gibOf(bytes)} GB in ${region}`,
                    gib: { registry: bytes / 2 ** 30 },
                    removal: `gcloud artifacts repositories delete ${name} --location ${region} --project ${project}`,
                });
            }
        }
    }
    return found;
}

async function accountResidue(apis: GoogleApis, { project, account }: StackNames): Promise<Leftover[]> {
    const found: Leftover[] = [];
    for await (const page of pagesOf(apis, `${apis.endpoints.iam}projects/${project}/serviceAccounts`)) {
        for (const { email } of (page.accounts ?? []) as { email: string }[]) {
            if (email.startsWith(`${account}@`)) {
                const removal = `gcloud iam service-accounts delete ${email} --project ${project}`;
                found.push({ kind: "service account", name: email, detail: "", gib: {}, removal });
            }
        }
    }
    return found;
}

async function secretResidue(apis: GoogleApis, names: StackNames): Promise<Leftover[]> {
    const found: Leftover[] = [];
    for await (const page of pagesOf(apis, `${apis.endpoints.secretManager}projects/${names.project}/secrets`)) {
        for (const secret of (page.secrets ?? []) as Body[]) {
            const name = lastOf(secret.name);
            if (isOurs({ ...secret, name }, names)) {
                const removal = `gcloud secrets delete ${name} --project ${names.project}`;
                found.push({ kind: "secret", name, detail: "", gib: {}, removal });
            }
        }
    }
    return found;
}

async function pubsubResidue(apis: GoogleApis, names: StackNames): Promise<Leftover[]> {
    const found: Leftover[] = [];
    for (const kind of ["topic", "subscription"]) {
        for await (const page of pagesOf(apis, `${apis.endpoints.pubsub}projects/${names.project}/${kind}s`)) {
            for (const item of (page[`${kind}s`] ?? []) as Body[]) {
                const name = lastOf(item.name);
                if (isOurs({ ...item, name }, names)) {
                    const removal = `gcloud pubsub ${kind}s delete ${name} --project ${names.project}`;
                    found.push({ kind: `Pub/Sub ${kind}`, name, detail: "", gib: {}, removal });
                }
            }
        }
    }
    return found;
}

/** Batch jobs. Only the VMs of a job that has not ended cost anything. */
async function jobResidue(apis: GoogleApis, names: StackNames): Promise<Leftover[]> {
    const { project, region } = names;
    const found: Leftover[] = [];
    const url = `${apis.endpoints.batch}projects/${project}/locations/${region}/jobs`;
    for await (const page of pagesOf(apis, url)) {
        for (const job of (page.jobs ?? []) as Body[]) {
            const name = lastOf(job.name);
            if (isOurs({ ...job, name }, names)) {
                const state = String((job.status as Body | undefined)?.state ?? "");
                found.push({
                    kind: "Batch job",
                    name,
                    detail: `${state} in ${region}`,
                    gib: {},
                    isRunning: !["SUCCEEDED", "FAILED", "CANCELLED"].includes(state),
                    removal: `gcloud batch jobs delete ${name} --location ${region} --project ${project}`,
                });
            }
        }
    }
    return found;
}

/** The items of a list, or of an aggregated list. */
async function* itemsOf(apis: GoogleApis, url: string): AsyncGenerator<Body> {
    for await (const page of pagesOf(apis, url)) {
        const items = page.items ?? [];
        const lists = Array.isArray(items)
            ? [items as Body[]]
            : Object.values(items as Record<string, Body>).flatMap((scope) =>
                  Object.values(scope).filter((value): value is Body[] => Array.isArray(value)),
              );
        yield* lists.flat();
    }
}

function isOurs(item: Body, { label, instancePrefix, jobPrefix }: StackNames): boolean {
    const name = String(item.name);
    const labels = (item.labels ?? {}) as Record<string, unknown>;
    return (
        labels[jobLabel] === label ||
        name === label ||
        [`${label}-`, instancePrefix, jobPrefix].some((prefix) => name.startsWith(prefix))
    );
}

function placeOf(item: Body): string {
    return lastOf(item.zone ?? item.region ?? "global");
}

function lastOf(link: unknown): string {
    return (
        String(link ?? "")
            .split("/")
            .at(-1) ?? ""
    );
}

/** Converts bytes to GiB, with at most three decimal places. */
function gibOf(bytes: number): number {
    return Math.round((bytes / 2 ** 30) * 1000) / 1000;
}
