import { deleteJob } from "./batch-jobs";
import type { Print } from "./clients";
import { httpStatusOf, messageOf } from "./errors";
import { apiErrorOf, type Body, type GoogleApis } from "./google-api";
import { isOwned, ownerLabel } from "./marks";

/** A kind of resource on Google Cloud that carries its owner's mark. */
export type Kind =
    | "instance"
    | "firewall"
    | "subnetwork"
    | "network"
    | "service account"
    | "secret"
    | "topic"
    | "subscription"
    | "repository"
    | "bucket";

/** One resource on Google Cloud. */
export interface Place {
    kind: Kind;
    name: string;
    url: string;
    /** URL for operations on it, with a trailing slash; absent for kinds without operations. */
    operations?: string;
}

/** The APIs, the resources' owner, and the function that reports what is removed. */
export interface OwnerContext {
    apis: GoogleApis;
    owner: string;
    print: Print;
}

/** Returns the place of a resource. `location` is a subnetwork's or repository's region, or an instance's zone. */
export function placeOf(
    { endpoints }: GoogleApis,
    kind: Kind,
    { project, location = "", name }: { project: string; location?: string; name: string },
): Place {
    const compute = `${endpoints.compute}projects/${project}/`;
    const inScope = (scope: string, collection: string) => ({
        kind,
        name,
        url: `${compute}${scope}/${collection}/${name}`,
        operations: `${compute}${scope}/operations/`,
    });
    switch (kind) {
        case "instance":
            return inScope(`zones/${location}`, "instances");
        case "subnetwork":
            return inScope(`regions/${location}`, "subnetworks");
        case "network":
            return inScope("global", "networks");
        case "firewall":
            return inScope("global", "firewalls");
        case "repository": {
            const base = endpoints.artifactRegistry;
            const url = `${base}projects/${project}/locations/${location}/repositories/${name}`;
            return { kind, name, url, operations: base };
        }
        case "service account": {
            const email = `${name}@${accountDomain(project)}`;
            return { kind, name: email, url: `${endpoints.iam}projects/${project}/serviceAccounts/${email}` };
        }
        case "secret":
            return { kind, name, url: `${endpoints.secretManager}projects/${project}/secrets/${name}` };
        case "topic":
        case "subscription":
            return { kind, name, url: `${endpoints.pubsub}projects/${project}/${kind}s/${name}` };
        case "bucket":
            return { kind, name, url: `${endpoints.storage}b/${name}` };
    }
}

/** Domain for the service accounts in a project. A project id may begin with a company's domain and a colon. */
export function accountDomain(project: string): string {
    const [last = "", ...domain] = project.split(":").reverse();
    return `${[last, ...domain].join(".")}.iam.gserviceaccount.com`;
}

/**
 * Removes a resource, with everything in it, and waits until it is gone. Does nothing if it does not exist.
 * @returns `foreign` for a resource that belongs to another owner and is therefore kept
 * @throws an error that names the resource, if Google Cloud refuses to delete it
 */
export async function removeOwned(context: OwnerContext, place: Place): Promise<"absent" | "removed" | "foreign"> {
    const { call, clock } = context.apis;
    // Another resource that is still being deleted blocks this one for a while.
    const busyUntil = clock.now() + 3 * 60_000;
    const deadline = clock.now() + 20 * 60_000;
    for (let tries = 0; ; tries += 1) {
        const found = await call("GET", place.url);
        if (found === undefined) {
            return tries === 0 ? "absent" : "removed";
        }
        if (!isOwned(found, context.owner)) {
            return "foreign";
        }
        if (clock.now() > deadline) {
            throw new Error(`The ${place.kind} ${place.name} still exists 20 minutes after its deletion was requested`);
        }
        if (tries === 0) {
            context.print(`removing the ${place.kind} ${place.name}`);
        }
        try {
            if (place.kind === "bucket") {
                await emptyBucket(context.apis, place.url);
            }
            await untilDone(context.apis, place, await call("DELETE", place.url));
        } catch (error) {
            if (!isBusy(error) || clock.now() > busyUntil) {
                const message = apiErrorOf(error).message ?? messageOf(error);
                throw new Error(`The ${place.kind} ${place.name} could not be deleted: ${message}`, { cause: error });
            }
        }
        if (tries > 0) {
            await clock.sleep(2000);
        }
    }
}

/** Removes all of the owner's instances, in every zone of the project. */
export async function removeInstances(context: OwnerContext, project: string): Promise<void> {
    for (const place of await instancesOf(context, project)) {
        await removeOwned(context, place);
    }
}

/**
 * Removes all of the owner's Batch jobs in these regions, and waits until their VMs are gone.
 * @param keptRun id of a run whose jobs are kept
 */
export async function removeJobs(
    context: OwnerContext,
    project: string,
    regions: string[],
    keptRun?: string,
): Promise<void> {
    const { apis, print } = context;
    for (const region of regions) {
        const base = `${apis.endpoints.batch}projects/${project}/locations/${region}/jobs`;
        for (const name of await jobsOf(context, base, keptRun)) {
            print(`removing the Batch job ${name}`);
            await deleteJob(apis, `${base}/${name}`);
        }
    }
}

async function jobsOf({ apis, owner }: OwnerContext, base: string, keptRun?: string): Promise<string[]> {
    const names: string[] = [];
    const filter = encodeURIComponent(`labels.${ownerLabel}=${owner}`);
    for await (const page of pagesOf(apis, `${base}?filter=${filter}`)) {
        const runOf = ({ labels }: Body) => (labels as Record<string, string> | undefined)?.run;
        const jobs = ((page.jobs ?? []) as Body[]).filter(
            (job) => isOwned(job, owner) && (keptRun === undefined || runOf(job) !== keptRun),
        );
        names.push(...jobs.map((job) => String(job.name).split("/").at(-1) ?? ""));
    }
    return names;
}

async function instancesOf({ apis, owner }: OwnerContext, project: string): Promise<Place[]> {
    const filter = encodeURIComponent(`labels.${ownerLabel}=${owner}`);
    const url = `${apis.endpoints.compute}projects/${project}/aggregated/instances?filter=${filter}`;
    const found: Place[] = [];
    for await (const page of pagesOf(apis, url)) {
        const scopes = (page.items ?? {}) as Record<string, { instances?: Body[] }>;
        for (const [scope, { instances = [] }] of Object.entries(scopes)) {
            for (const instance of instances.filter((one) => isOwned(one, owner))) {
                const location = scope.replace(/^zones\//, "");
                found.push(placeOf(apis, "instance", { project, location, name: String(instance.name) }));
            }
        }
    }
    return found;
}

/** All of the owner's secrets. */
export async function secretsOf({ apis, owner }: OwnerContext, project: string): Promise<Place[]> {
    const found: Place[] = [];
    try {
        for await (const page of pagesOf(apis, `${apis.endpoints.secretManager}projects/${project}/secrets`)) {
            const secrets = ((page.secrets ?? []) as Body[]).filter((secret) => isOwned(secret, owner));
            const names = secrets.map((secret) => String(secret.name).split("/").at(-1) ?? "");
            found.push(...names.map((name) => placeOf(apis, "secret", { project, name })));
        }
    } catch (error) {
        // A stack without secrets needs neither the API nor its permissions.
        if (httpStatusOf(error) !== 403) {
            throw error;
        }
    }
    return found;
}

/**
 * Deletes all objects in a bucket. The runs' statuses are deleted first. A run without a status has no results to save,
 * so an interruption cannot leave behind an incomplete run that would be treated as unverifiable.
 */
async function emptyBucket(apis: GoogleApis, url: string): Promise<void> {
    const isStatus = (name: string) => /^runs\/[^/]+\/status\.json$/.test(name);
    await deleteObjects(apis, url, `versions=true&prefix=${encodeURIComponent("runs/")}`, isStatus);
    await deleteObjects(apis, url, "versions=true", () => true);
}

async function deleteObjects(
    apis: GoogleApis,
    url: string,
    query: string,
    isWanted: (name: string) => boolean,
): Promise<void> {
    const parallel = 32;
    for await (const page of pagesOf(apis, `${url}/o?${query}`)) {
        const all = (page.items ?? []) as { name: string; generation: string }[];
        const items = all.filter(({ name }) => isWanted(name));
        for (let start = 0; start < items.length; start += parallel) {
            const deletions = items
                .slice(start, start + parallel)
                .map(({ name, generation }) =>
                    apis.call("DELETE", `${url}/o/${encodeURIComponent(name)}?generation=${generation}`),
                );
            await Promise.all(deletions);
        }
    }
}

/** Yields the pages of a list, or none if the parent does not exist. */
export async function* pagesOf({ call }: Pick<GoogleApis, "call">, url: string): AsyncGenerator<Body> {
    for (let token: unknown = ""; token !== undefined; ) {
        const parameter = token === "" ? "" : `${url.includes("?") ? "&" : "?"}pageToken=${token}`;
        const page: Body | undefined = await call("GET", url + parameter);
        if (page === undefined) {
            return;
        }
        yield page;
        token = page.nextPageToken || undefined;
    }
}

/** Waits for an operation on a resource. @throws an error with the codes and messages of a failed operation */
async function untilDone({ call, clock }: GoogleApis, place: Place, started: Body | undefined): Promise<void> {
    if (place.operations === undefined) {
        return;
    }
    const deadline = clock.now() + 20 * 60_000;
    for (let operation = started; operation !== undefined; ) {
        if (operation.status === "DONE" || operation.done === true) {
            if (operation.error !== undefined) {
                throw new Error(JSON.stringify(operation.error));
            }
            return;
        }
        if (operation.name === undefined || clock.now() > deadline) {
            return;
        }
        await clock.sleep(1000);
        operation = await call("GET", `${place.operations}${String(operation.name)}`);
    }
}

/** True if a deletion may succeed later, because another operation on the resource or on its users has not ended. */
function isBusy(error: unknown): boolean {
    const text = `${messageOf(error)} ${apiErrorOf(error).reasons}`;
    return (
        httpStatusOf(error) === 409 ||
        /resource_?in_?use|resource_?not_?ready|is already being used|not ready|operation in progress/i.test(text)
    );
}
